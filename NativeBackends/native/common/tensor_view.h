// Reading tensors: row pointers and element sizes.
//
// Everything here is static: these files are compiled once per instruction set, and a shared inline function could end up as the
// AVX-512 version inside the portable kernels (the linker keeps one of several).
#pragma once

#include <cstdint>

#include "xllm/abi.h"

namespace xllm {

template <class T>
static inline T* row(const xllm_tensor& tensor, int64_t r) {
    return static_cast<T*>(tensor.data) + r * tensor.row_stride;
}

// Formats whose codes have scales, and perhaps zeros and a column order, in another place.
static inline bool has_scales(xllm_weight_format format) {
    return format == XLLM_WEIGHT_F8E4M3 || format == XLLM_WEIGHT_I8 || format == XLLM_WEIGHT_I4;
}

// Columns of the smallest unit that is stored, and its bytes.
static inline int32_t unit_columns(xllm_weight_format format) {
    switch (format) {
        case XLLM_WEIGHT_I4:
        case XLLM_WEIGHT_Q4_0:
        case XLLM_WEIGHT_Q8_0:
            return 32;
        case XLLM_WEIGHT_Q4_K:
        case XLLM_WEIGHT_Q5_K:
        case XLLM_WEIGHT_Q6_K:
            return 256;
        default:
            return 1;
    }
}

static inline int32_t unit_bytes(xllm_weight_format format) {
    switch (format) {
        case XLLM_WEIGHT_F32:
            return 4;
        case XLLM_WEIGHT_BF16:
        case XLLM_WEIGHT_F16:
            return 2;
        case XLLM_WEIGHT_I4:
            return 16;
        case XLLM_WEIGHT_Q4_0:
            return 18;
        case XLLM_WEIGHT_Q8_0:
            return 34;
        case XLLM_WEIGHT_Q4_K:
            return 144;
        case XLLM_WEIGHT_Q5_K:
            return 176;
        case XLLM_WEIGHT_Q6_K:
            return 210;
        default:
            return 1;
    }
}

// Bytes of a row of codes; a last, incomplete unit is filled up.
static inline int64_t row_bytes(const xllm_weight& weight) {
    const auto format = static_cast<xllm_weight_format>(weight.format);
    const int64_t unit = unit_columns(format);
    return (weight.columns + unit - 1) / unit * unit_bytes(format);
}

static inline const char* weight_row(const xllm_weight& weight, int64_t r) { return static_cast<const char*>(weight.data) + r * row_bytes(weight); }

}  // namespace xllm

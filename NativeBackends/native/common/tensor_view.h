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

static inline int64_t element_size(xllm_weight_format format) { return format == XLLM_WEIGHT_F32 ? 4 : 2; }

static inline const char* weight_row(const xllm_weight& weight, int64_t r) {
    return static_cast<const char*>(weight.data) + r * weight.columns * element_size(static_cast<xllm_weight_format>(weight.format));
}

}  // namespace xllm

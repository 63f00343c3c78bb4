// How sixteen weights of each dense format come into registers, and which formats are not dense. Rows may start at any byte:
// checkpoints are mapped as they are. The formats with scales are in scaled_formats.h, those of GGUF files in block_formats.h.
#pragma once

#include "cpu/simd.h"
#include "xllm/abi.h"

namespace xllm::cpu::XLLM_ISA {

// The elements [at, at + count) of a row, zeros above; never reads past them, since the page after a mapped file is not there.
template <int Size, F32x16 (*Load)(const void*)>
static inline F32x16 load_first_elements(const char* row, int64_t at, int count) {
    alignas(64) char padded[kLanes * Size] = {};
    std::memcpy(padded, row + at * Size, static_cast<size_t>(count) * Size);
    return Load(padded);
}

static inline F32x16 load_f32(const void* p) { return load(static_cast<const float*>(p)); }

struct F32Format {
    static F32x16 load(const char* row, int64_t at) { return load_f32(row + at * 4); }
    static F32x16 load_first(const char* row, int64_t at, int count) { return load_first_elements<4, load_f32>(row, at, count); }
    static constexpr int kSize = 4;
    static constexpr bool kFromMemory = true;
};

// F32 that this library wrote itself just before: in a cache, and not to be asked for ahead.
struct ScratchFormat : F32Format {
    static constexpr bool kFromMemory = false;
};

struct Bf16Format {
    static F32x16 load(const char* row, int64_t at) { return load_bf16(row + at * 2); }
    static F32x16 load_first(const char* row, int64_t at, int count) { return load_first_elements<2, load_bf16>(row, at, count); }
    static constexpr int kSize = 2;
    static constexpr bool kFromMemory = true;
};

struct F16Format {
    static F32x16 load(const char* row, int64_t at) { return load_f16(row + at * 2); }
    static F32x16 load_first(const char* row, int64_t at, int count) { return load_first_elements<2, load_f16>(row, at, count); }
    static constexpr int kSize = 2;
    static constexpr bool kFromMemory = true;
};

static inline bool is_dense(const xllm_weight& weight) { return weight.format <= XLLM_WEIGHT_F16; }

// body(format) with the type that belongs to a dense weight's format.
template <class Body>
static inline void with_dense_format(const xllm_weight& weight, Body&& body) {
    if (weight.format == XLLM_WEIGHT_BF16) {
        body(Bf16Format{});
    } else if (weight.format == XLLM_WEIGHT_F16) {
        body(F16Format{});
    } else {
        body(F32Format{});
    }
}

}  // namespace xllm::cpu::XLLM_ISA

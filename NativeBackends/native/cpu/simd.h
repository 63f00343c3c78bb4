// Sixteen F32 lanes, whatever the processor has: one AVX-512 register, two AVX2 registers, or four of SSE2 or NEON.
//
// The number of lanes is the same everywhere because it is part of what a sum means here: element k of a sum goes to lane k mod 16,
// and the lanes are added in one fixed tree. So results do not depend on the row count or the tile shape, and AVX-512, AVX2 and
// NEON, which all fuse multiply and add, give the same bits. Portable x86-64 has no fused multiply-add and differs in the last bits.
//
// This is the only file that asks which instructions it is compiled for. All functions are static: see common/tensor_view.h.
#pragma once

#include <cstdint>
#include <cstring>

#include "common/float_types.h"

#if defined(__AVX512F__) || defined(__AVX2__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

namespace xllm::cpu::XLLM_ISA {

constexpr int kLanes = 16;

#if defined(__AVX512F__) || defined(__AVX2__)

// Sixteen bytes: codes, before they become numbers.
struct Bytes16 {
    __m128i v;
};

static inline Bytes16 load_bytes(const void* p) { return {_mm_loadu_si128(static_cast<const __m128i*>(p))}; }
static inline Bytes16 masked(Bytes16 a, int mask) { return {_mm_and_si128(a.v, _mm_set1_epi8(static_cast<char>(mask)))}; }
static inline Bytes16 either(Bytes16 a, Bytes16 b) { return {_mm_or_si128(a.v, b.v)}; }
static inline Bytes16 subtract(Bytes16 a, int b) { return {_mm_sub_epi8(a.v, _mm_set1_epi8(static_cast<char>(b)))}; }


// The bits that leave a byte enter its neighbour: mask them.
template <int Bits>
static inline Bytes16 shifted_right(Bytes16 a) {
    return {_mm_srli_epi16(a.v, Bits)};
}
template <int Bits>
static inline Bytes16 shifted_left(Bytes16 a) {
    return {_mm_slli_epi16(a.v, Bits)};
}

// All bits of the bytes that have a bit, which all bytes of the other have and no second one.
static inline Bytes16 where_bit(Bytes16 a, Bytes16 bit) { return {_mm_cmpeq_epi8(_mm_and_si128(a.v, bit.v), bit.v)}; }

// f8e4m3_to_f16_bits of sixteen bytes, but for NaN. The copies of the sign, shifted, end in its place and in the one below, which is cleared.
static inline __m256i f8e4m3_to_f16_bits_16(Bytes16 codes) {
    return _mm256_and_si256(_mm256_slli_epi16(_mm256_cvtepi8_epi16(codes.v), 7), _mm256_set1_epi16(static_cast<short>(0xBFFF)));
}

#endif

#if defined(__AVX512F__)

// Rows and outputs of a register tile of Linear: 24 sums, 4 weights and a row's elements fill the 32 registers.
constexpr int kTileRows = 6;
constexpr int kTileOutputs = 4;

struct F32x16 {
    __m512 v;
};

static inline F32x16 zero() { return {_mm512_setzero_ps()}; }
static inline F32x16 broadcast(float x) { return {_mm512_set1_ps(x)}; }
static inline F32x16 load(const float* p) { return {_mm512_loadu_ps(p)}; }
static inline F32x16 load_first(const float* p, int count) { return {_mm512_maskz_loadu_ps(static_cast<__mmask16>((1u << count) - 1), p)}; }
static inline void store(float* p, F32x16 a) { _mm512_storeu_ps(p, a.v); }
static inline void store_first(float* p, F32x16 a, int count) { _mm512_mask_storeu_ps(p, static_cast<__mmask16>((1u << count) - 1), a.v); }
static inline F32x16 add(F32x16 a, F32x16 b) { return {_mm512_add_ps(a.v, b.v)}; }
static inline F32x16 subtract(F32x16 a, F32x16 b) { return {_mm512_sub_ps(a.v, b.v)}; }
static inline F32x16 multiply(F32x16 a, F32x16 b) { return {_mm512_mul_ps(a.v, b.v)}; }
static inline F32x16 divide(F32x16 a, F32x16 b) { return {_mm512_div_ps(a.v, b.v)}; }
static inline F32x16 multiply_add(F32x16 a, F32x16 b, F32x16 c) { return {_mm512_fmadd_ps(a.v, b.v, c.v)}; }
static inline F32x16 maximum(F32x16 a, F32x16 b) { return {_mm512_max_ps(a.v, b.v)}; }
static inline F32x16 minimum(F32x16 a, F32x16 b) { return {_mm512_min_ps(a.v, b.v)}; }
static inline F32x16 zero_where_less(F32x16 value, F32x16 a, F32x16 b) {
    return {_mm512_maskz_mov_ps(_mm512_cmp_ps_mask(a.v, b.v, _CMP_NLT_UQ), value.v)};
}

static inline F32x16 shift_to_exponent(F32x16 a, int32_t bias) {
    const __m512i bits = _mm512_slli_epi32(_mm512_castps_si512(a.v), 23);
    return {_mm512_castsi512_ps(_mm512_add_epi32(bits, _mm512_set1_epi32(bias << 23)))};
}

static inline F32x16 load_bf16(const void* p) {
    const __m256i bits = _mm256_loadu_si256(static_cast<const __m256i*>(p));
    return {_mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(bits), 16))};
}
static inline F32x16 load_f16(const void* p) { return {_mm512_cvtph_ps(_mm256_loadu_si256(static_cast<const __m256i*>(p)))}; }
static inline F32x16 broadcast_f16(const void* p) {
    int16_t half;
    std::memcpy(&half, p, sizeof half);
    return {_mm512_cvtph_ps(_mm256_set1_epi16(half))};
}
static inline F32x16 halves_of(F32x16 low, F32x16 high) { return {_mm512_mask_blend_ps(0xFF00, low.v, high.v)}; }
static inline F32x16 f8e4m3_scaled(Bytes16 codes, F32x16 scale) {
    const __mmask16 numbers = _mm_cmpneq_epi8_mask(masked(codes, 0x7F).v, _mm_set1_epi8(0x7F));
    const __m512 nan = _mm512_castsi512_ps(_mm512_set1_epi32(0x7FC00000));
    return {_mm512_mask_mul_ps(nan, numbers, _mm512_cvtph_ps(f8e4m3_to_f16_bits_16(codes)), scale.v)};
}
static inline F32x16 signed_to_f32(Bytes16 a) { return {_mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(a.v))}; }

// The entries of a table that the low four bits of each byte choose; the permutation looks at no others.
static inline F32x16 look_up(F32x16 table, Bytes16 a) { return {_mm512_permutexvar_ps(_mm512_cvtepu8_epi32(a.v), table.v)}; }

static inline float sum_of_8(__m256 a) {
    const __m128 four = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

static inline __m256 upper_half(__m512 a) { return _mm256_castpd_ps(_mm512_extractf64x4_pd(_mm512_castps_pd(a), 1)); }
static inline float sum_of_lanes(F32x16 a) { return sum_of_8(_mm256_add_ps(_mm512_castps512_ps256(a.v), upper_half(a.v))); }

// Four sums at once, by the tree of sum_of_lanes; the lanes of four registers are added side by side.
static inline void sums_of_lanes_4(const F32x16 a[4], float* sums) {
    const __m512 ab = _mm512_add_ps(_mm512_shuffle_f32x4(a[0].v, a[1].v, 0x44), _mm512_shuffle_f32x4(a[0].v, a[1].v, 0xEE));
    const __m512 cd = _mm512_add_ps(_mm512_shuffle_f32x4(a[2].v, a[3].v, 0x44), _mm512_shuffle_f32x4(a[2].v, a[3].v, 0xEE));
    const __m512 abcd = _mm512_add_ps(_mm512_shuffle_f32x4(ab, cd, 0x88), _mm512_shuffle_f32x4(ab, cd, 0xDD));
    const __m512 two = _mm512_add_ps(abcd, _mm512_permute_ps(abcd, 0x4E));
    const __m512 one = _mm512_add_ps(two, _mm512_permute_ps(two, 0xB1));
    const __m512 packed = _mm512_permutexvar_ps(_mm512_setr_epi32(0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12), one);
    _mm_storeu_ps(sums, _mm512_castps512_ps128(packed));
}

#elif defined(__AVX2__)

// 12 sum registers of 16.
constexpr int kTileRows = 3;
constexpr int kTileOutputs = 2;

struct F32x16 {
    __m256 low, high;
};

static inline __m256i mask_of_first(int count) {
    const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(count), lanes);
}

static inline F32x16 zero() { return {_mm256_setzero_ps(), _mm256_setzero_ps()}; }
static inline F32x16 broadcast(float x) { return {_mm256_set1_ps(x), _mm256_set1_ps(x)}; }
static inline F32x16 load(const float* p) { return {_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)}; }
static inline F32x16 load_first(const float* p, int count) {
    return {_mm256_maskload_ps(p, mask_of_first(count)), _mm256_maskload_ps(p + 8, mask_of_first(count - 8))};
}
static inline void store(float* p, F32x16 a) {
    _mm256_storeu_ps(p, a.low);
    _mm256_storeu_ps(p + 8, a.high);
}
static inline void store_first(float* p, F32x16 a, int count) {
    _mm256_maskstore_ps(p, mask_of_first(count), a.low);
    _mm256_maskstore_ps(p + 8, mask_of_first(count - 8), a.high);
}
static inline F32x16 add(F32x16 a, F32x16 b) { return {_mm256_add_ps(a.low, b.low), _mm256_add_ps(a.high, b.high)}; }
static inline F32x16 subtract(F32x16 a, F32x16 b) { return {_mm256_sub_ps(a.low, b.low), _mm256_sub_ps(a.high, b.high)}; }
static inline F32x16 multiply(F32x16 a, F32x16 b) { return {_mm256_mul_ps(a.low, b.low), _mm256_mul_ps(a.high, b.high)}; }
static inline F32x16 divide(F32x16 a, F32x16 b) { return {_mm256_div_ps(a.low, b.low), _mm256_div_ps(a.high, b.high)}; }
static inline F32x16 multiply_add(F32x16 a, F32x16 b, F32x16 c) {
    return {_mm256_fmadd_ps(a.low, b.low, c.low), _mm256_fmadd_ps(a.high, b.high, c.high)};
}
static inline F32x16 maximum(F32x16 a, F32x16 b) { return {_mm256_max_ps(a.low, b.low), _mm256_max_ps(a.high, b.high)}; }
static inline F32x16 minimum(F32x16 a, F32x16 b) { return {_mm256_min_ps(a.low, b.low), _mm256_min_ps(a.high, b.high)}; }
static inline F32x16 zero_where_less(F32x16 value, F32x16 a, F32x16 b) {
    return {_mm256_and_ps(value.low, _mm256_cmp_ps(a.low, b.low, _CMP_NLT_UQ)),
            _mm256_and_ps(value.high, _mm256_cmp_ps(a.high, b.high, _CMP_NLT_UQ))};
}

static inline __m256 shift_to_exponent_8(__m256 a, int32_t bias) {
    const __m256i bits = _mm256_slli_epi32(_mm256_castps_si256(a), 23);
    return _mm256_castsi256_ps(_mm256_add_epi32(bits, _mm256_set1_epi32(bias << 23)));
}
static inline F32x16 shift_to_exponent(F32x16 a, int32_t bias) {
    return {shift_to_exponent_8(a.low, bias), shift_to_exponent_8(a.high, bias)};
}

static inline __m256 load_bf16_8(const void* p) {
    const __m128i bits = _mm_loadu_si128(static_cast<const __m128i*>(p));
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(bits), 16));
}
static inline F32x16 load_bf16(const void* p) { return {load_bf16_8(p), load_bf16_8(static_cast<const char*>(p) + 16)}; }
static inline F32x16 load_f16(const void* p) {
    const __m128i* halves = static_cast<const __m128i*>(p);
    return {_mm256_cvtph_ps(_mm_loadu_si128(halves)), _mm256_cvtph_ps(_mm_loadu_si128(halves + 1))};
}
static inline F32x16 broadcast_f16(const void* p) {
    int16_t half;
    std::memcpy(&half, p, sizeof half);
    const __m256 number = _mm256_cvtph_ps(_mm_set1_epi16(half));
    return {number, number};
}
static inline F32x16 halves_of(F32x16 low, F32x16 high) { return {low.low, high.high}; }
static inline F32x16 f8e4m3_scaled(Bytes16 codes, F32x16 scale) {
    const __m128i nan = _mm_cmpeq_epi8(masked(codes, 0x7F).v, _mm_set1_epi8(0x7F));
    const __m256i halves = _mm256_or_si256(f8e4m3_to_f16_bits_16(codes), _mm256_and_si256(_mm256_cvtepi8_epi16(nan), _mm256_set1_epi16(0x7E00)));
    return multiply({_mm256_cvtph_ps(_mm256_castsi256_si128(halves)), _mm256_cvtph_ps(_mm256_extracti128_si256(halves, 1))}, scale);
}
static inline F32x16 signed_to_f32(Bytes16 a) {
    return {_mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(a.v)), _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_srli_si128(a.v, 8)))};
}

// The entries of a table that the low four bits of each byte choose. The permutation looks at three bits, the blend at the fourth.
static inline __m256 look_up_8(F32x16 table, __m256i indices) {
    const __m256 first = _mm256_permutevar8x32_ps(table.low, indices);
    const __m256 second = _mm256_permutevar8x32_ps(table.high, indices);
    return _mm256_blendv_ps(first, second, _mm256_castsi256_ps(_mm256_slli_epi32(indices, 28)));
}
static inline F32x16 look_up(F32x16 table, Bytes16 a) {
    return {look_up_8(table, _mm256_cvtepu8_epi32(a.v)), look_up_8(table, _mm256_cvtepu8_epi32(_mm_srli_si128(a.v, 8)))};
}

static inline float sum_of_lanes(F32x16 a) {
    const __m256 eight = _mm256_add_ps(a.low, a.high);
    const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

#else

constexpr int kTileRows = 2;
constexpr int kTileOutputs = 2;

// GCC's and Clang's vectors of four: SSE2 on x86-64, NEON on arm64, and plain code elsewhere.
typedef float F32x4 __attribute__((vector_size(16)));
typedef int32_t I32x4 __attribute__((vector_size(16)));

struct F32x16 {
    F32x4 part[4];
};

template <class F>
static inline F32x16 each_part(F&& f) {
    return {{f(0), f(1), f(2), f(3)}};
}

static inline F32x4 splat(float x) { return F32x4{x, x, x, x}; }
static inline F32x16 broadcast(float x) {
    return each_part([&](int) { return splat(x); });
}
static inline F32x16 zero() { return broadcast(0); }
static inline F32x16 load(const float* p) {
    F32x16 a;
    std::memcpy(&a, p, sizeof a);
    return a;
}
static inline F32x16 load_first(const float* p, int count) {
    float lanes[kLanes] = {};
    std::memcpy(lanes, p, static_cast<size_t>(count) * sizeof(float));
    return load(lanes);
}
static inline void store(float* p, F32x16 a) { std::memcpy(p, &a, sizeof a); }
static inline void store_first(float* p, F32x16 a, int count) { std::memcpy(p, &a, static_cast<size_t>(count) * sizeof(float)); }
static inline F32x16 add(F32x16 a, F32x16 b) {
    return each_part([&](int i) { return a.part[i] + b.part[i]; });
}
static inline F32x16 subtract(F32x16 a, F32x16 b) {
    return each_part([&](int i) { return a.part[i] - b.part[i]; });
}
static inline F32x16 multiply(F32x16 a, F32x16 b) {
    return each_part([&](int i) { return a.part[i] * b.part[i]; });
}
static inline F32x16 divide(F32x16 a, F32x16 b) {
    return each_part([&](int i) { return a.part[i] / b.part[i]; });
}
static inline F32x16 multiply_add(F32x16 a, F32x16 b, F32x16 c) {
#if defined(__aarch64__)
    return each_part([&](int i) { return (F32x4)vfmaq_f32((float32x4_t)c.part[i], (float32x4_t)a.part[i], (float32x4_t)b.part[i]); });
#else
    return each_part([&](int i) { return a.part[i] * b.part[i] + c.part[i]; });
#endif
}

// Like x86's max and min: the second where they cannot be compared.
static inline F32x4 select(I32x4 mask, F32x4 a, F32x4 b) { return (F32x4)((mask & (I32x4)a) | (~mask & (I32x4)b)); }
static inline F32x16 maximum(F32x16 a, F32x16 b) {
    return each_part([&](int i) { return select((I32x4)(a.part[i] > b.part[i]), a.part[i], b.part[i]); });
}
static inline F32x16 minimum(F32x16 a, F32x16 b) {
    return each_part([&](int i) { return select((I32x4)(a.part[i] < b.part[i]), a.part[i], b.part[i]); });
}
static inline F32x16 zero_where_less(F32x16 value, F32x16 a, F32x16 b) {
    return each_part([&](int i) { return (F32x4)(~(I32x4)(a.part[i] < b.part[i]) & (I32x4)value.part[i]); });
}
static inline F32x16 shift_to_exponent(F32x16 a, int32_t bias) {
    const int32_t shifted = bias << 23;
    return each_part([&](int i) { return (F32x4)(((I32x4)a.part[i] << 23) + I32x4{shifted, shifted, shifted, shifted}); });
}

template <float (*Convert)(uint16_t)>
static inline F32x16 load_16_bit(const void* p) {
    uint16_t bits[kLanes];
    float lanes[kLanes];
    std::memcpy(bits, p, sizeof bits);
    for (int i = 0; i < kLanes; ++i) {
        lanes[i] = Convert(bits[i]);
    }

    return load(lanes);
}
static inline F32x16 load_bf16(const void* p) { return load_16_bit<bf16_to_f32>(p); }
static inline F32x16 load_f16(const void* p) { return load_16_bit<f16_to_f32>(p); }

// Sixteen bytes: codes, before they become numbers.
struct Bytes16 {
    uint8_t lane[kLanes];
};

template <class F>
static inline Bytes16 each_byte(F&& f) {
    Bytes16 result;
    for (int i = 0; i < kLanes; ++i) {
        result.lane[i] = static_cast<uint8_t>(f(i));
    }

    return result;
}

template <class F>
static inline F32x16 each_number(F&& f) {
    float lanes[kLanes];
    for (int i = 0; i < kLanes; ++i) {
        lanes[i] = f(i);
    }

    return load(lanes);
}

static inline Bytes16 load_bytes(const void* p) {
    Bytes16 a;
    std::memcpy(&a, p, sizeof a);
    return a;
}
static inline Bytes16 masked(Bytes16 a, int mask) {
    return each_byte([&](int i) { return a.lane[i] & mask; });
}
static inline Bytes16 either(Bytes16 a, Bytes16 b) {
    return each_byte([&](int i) { return a.lane[i] | b.lane[i]; });
}
static inline Bytes16 subtract(Bytes16 a, int b) {
    return each_byte([&](int i) { return a.lane[i] - b; });
}
template <int Bits>
static inline Bytes16 shifted_right(Bytes16 a) {
    return each_byte([&](int i) { return a.lane[i] >> Bits; });
}
template <int Bits>
static inline Bytes16 shifted_left(Bytes16 a) {
    return each_byte([&](int i) { return a.lane[i] << Bits; });
}

// All bits of the bytes that have a bit, which all bytes of the other have and no second one.
static inline Bytes16 where_bit(Bytes16 a, Bytes16 bit) {
    return each_byte([&](int i) { return (a.lane[i] & bit.lane[i]) != 0 ? 255 : 0; });
}
static inline F32x16 broadcast_f16(const void* p) {
    uint16_t half;
    std::memcpy(&half, p, sizeof half);
    return broadcast(f16_to_f32(half));
}
static inline F32x16 halves_of(F32x16 low, F32x16 high) { return {{low.part[0], low.part[1], high.part[2], high.part[3]}}; }
static inline F32x16 f8e4m3_scaled(Bytes16 codes, F32x16 scale) {
    return multiply(each_number([&](int i) { return f16_to_f32(f8e4m3_to_f16_bits(codes.lane[i])); }), scale);
}
static inline F32x16 signed_to_f32(Bytes16 a) {
    return each_number([&](int i) { return static_cast<float>(static_cast<int8_t>(a.lane[i])); });
}

// The entries of a table that the low four bits of each byte choose.
static inline F32x16 look_up(F32x16 table, Bytes16 a) {
    float entries[kLanes];
    store(entries, table);
    return each_number([&](int i) { return entries[a.lane[i] & 15]; });
}

static inline float sum_of_lanes(F32x16 a) {
    const F32x4 four = (a.part[0] + a.part[2]) + (a.part[1] + a.part[3]);
    return (four[0] + four[2]) + (four[1] + four[3]);
}

#endif

#if !defined(__AVX512F__)
static inline void sums_of_lanes_4(const F32x16 a[4], float* sums) {
    for (int i = 0; i < 4; ++i) {
        sums[i] = sum_of_lanes(a[i]);
    }
}
#endif

// 0, 1, ... 15.
static inline F32x16 lane_numbers() {
    static const float kNumbers[kLanes] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    return load(kNumbers);
}

// Elements of a row's last, incomplete sixteen come with zeros above them: adding a product of zeros changes nothing.
static inline F32x16 load_up_to(const float* p, int count) { return count >= kLanes ? load(p) : load_first(p, count); }
static inline void store_up_to(float* p, F32x16 a, int count) {
    if (count >= kLanes) {
        store(p, a);
    } else {
        store_first(p, a, count);
    }
}

static inline float maximum_of_lanes(F32x16 a) {
    float lanes[kLanes];
    store(lanes, a);
    float most = lanes[0];
    for (int i = 1; i < kLanes; ++i) {
        most = lanes[i] > most ? lanes[i] : most;
    }

    return most;
}

}  // namespace xllm::cpu::XLLM_ISA

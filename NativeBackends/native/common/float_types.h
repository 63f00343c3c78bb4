// Conversions between binary32 and the 16-bit and 8-bit floats. To F32 they are exact; to BF16 they round to nearest, ties to even.
#pragma once

#include <cstdint>
#include <cstring>

namespace xllm {

static inline float bits_to_f32(uint32_t bits) {
    float value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
}

static inline uint32_t f32_to_bits(float value) {
    uint32_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    return bits;
}

static inline float bf16_to_f32(uint16_t value) { return bits_to_f32(static_cast<uint32_t>(value) << 16); }

// A NaN stays a NaN: rounding could carry its significand into the exponent, so the quiet bit is set and the rest cut off.
static inline uint16_t f32_to_bf16(float value) {
    const uint32_t bits = f32_to_bits(value);
    const uint32_t rounded = bits + 0x7FFFu + ((bits >> 16) & 1u);
    const uint32_t quiet = bits | 0x400000u;
    return static_cast<uint16_t>(((bits & 0x7FFFFFFFu) > 0x7F800000u ? quiet : rounded) >> 16);
}

// binary16 has 5 exponent and 10 significand bits. Moving them into place leaves the exponent 112 too small, which one exact
// multiplication by 2^112 puts right for normal and subnormal numbers alike; infinities and NaNs get the full exponent.
static inline float f16_to_f32(uint16_t value) {
    const uint32_t sign = static_cast<uint32_t>(value & 0x8000u) << 16;
    const uint32_t magnitude = static_cast<uint32_t>(value & 0x7FFFu) << 13;
    const float scaled = bits_to_f32(magnitude) * bits_to_f32(0x77800000u);
    const uint32_t special = (value & 0x7C00u) == 0x7C00u ? 0x7F800000u : 0u;
    return bits_to_f32(f32_to_bits(scaled) | special | sign);
}

// FP8 E4M3FN has 4 exponent and 3 significand bits. Moved into a binary16, whose exponent's bias is 8 more, they stand for 2^-8 of the
// value; the one code without sign that is all ones is NaN.
static inline uint16_t f8e4m3_to_f16_bits(uint8_t value) {
    const uint32_t magnitude = (value & 0x7Fu) << 7;
    return static_cast<uint16_t>(((value & 0x80u) << 8) | magnitude | (magnitude == 0x3F80u ? 0x7C00u : 0u));
}

}  // namespace xllm

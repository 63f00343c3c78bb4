// Conversions between binary32 and the 16-bit floats. To F32 they are exact; to BF16 they round to nearest, ties to even.
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

}  // namespace xllm

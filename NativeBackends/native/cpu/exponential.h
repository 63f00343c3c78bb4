// e^x of sixteen numbers, with a relative error of about 1e-7 (tests/NativeBackends.Tests/SiluMultiplyTests.cs bounds it over the
// whole range through silu).
//
// x = n ln 2 + r with n whole and |r| <= ln(2) / 2, so e^x = 2^n e^r. The Taylor polynomial of degree 7 leaves r^8 / 8! < 5e-9,
// a tenth of F32's half unit. ln 2 is taken in two parts, of which the first has zeros at its end, so that n times it is exact.
// Tails of rows use the same function on padded lanes, so an element's result does not depend on its place.
#pragma once

#include "cpu/simd.h"

namespace xllm::cpu::XLLM_ISA {

// e^x; 0 below -86 (where F32 is about to lose precision), infinity above 88.7; a NaN stays a NaN.
static inline F32x16 exponential(F32x16 x) {
    constexpr float kLowest = -86.0f;
    constexpr float kHighest = 88.8f;      // e^88.8 is past the largest F32, so it overflows by itself
    constexpr float kRound = 12582912.0f;  // 1.5 * 2^23: adding it leaves x's whole part in the lowest bits

    const F32x16 bounded = maximum(broadcast(kLowest), minimum(broadcast(kHighest), x));  // the order keeps a NaN
    const F32x16 shifted = multiply_add(bounded, broadcast(1.44269504f), broadcast(kRound));
    const F32x16 n = subtract(shifted, broadcast(kRound));
    F32x16 r = multiply_add(n, broadcast(-0.693359375f), bounded);
    r = multiply_add(n, broadcast(2.12194440e-4f), r);

    F32x16 sum = broadcast(1.0f / 5040);
    sum = multiply_add(sum, r, broadcast(1.0f / 720));
    sum = multiply_add(sum, r, broadcast(1.0f / 120));
    sum = multiply_add(sum, r, broadcast(1.0f / 24));
    sum = multiply_add(sum, r, broadcast(1.0f / 6));
    sum = multiply_add(sum, r, broadcast(0.5f));
    sum = multiply_add(sum, r, broadcast(1.0f));
    sum = multiply_add(sum, r, broadcast(1.0f));

    // 2^n in two steps, because 2^128 is no F32 but e^88.5 is: first 2^(n - 1), then 2.
    const F32x16 power = shift_to_exponent(shifted, 126);
    return zero_where_less(multiply(multiply(sum, power), broadcast(2.0f)), x, broadcast(kLowest));
}

}  // namespace xllm::cpu::XLLM_ISA

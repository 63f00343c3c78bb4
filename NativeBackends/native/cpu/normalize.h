// y[c] = x[c] * weight[c] / sqrt(mean of x^2 + epsilon) for one row; y may be x. The sum goes as in tile.h: lane c mod 16, then the tree.
#pragma once

#include <cmath>

#include "cpu/simd.h"

namespace xllm::cpu::XLLM_ISA {

static inline void normalize(const float* x, const float* weight, float epsilon, int64_t columns, float* y) {
    F32x16 squares = zero();
    for (int64_t c = 0; c < columns; c += kLanes) {
        const F32x16 a = load_up_to(x + c, static_cast<int>(columns - c < kLanes ? columns - c : kLanes));
        squares = multiply_add(a, a, squares);
    }

    const F32x16 scale = broadcast(1.0f / sqrtf(sum_of_lanes(squares) / static_cast<float>(columns) + epsilon));
    for (int64_t c = 0; c < columns; c += kLanes) {
        const int count = static_cast<int>(columns - c < kLanes ? columns - c : kLanes);
        store_up_to(y + c, multiply(multiply(load_up_to(x + c, count), scale), load_up_to(weight + c, count)), count);
    }
}

}  // namespace xllm::cpu::XLLM_ISA

// LayerNorm: y[r, c] = (x[r, c] - mean) / sqrt(variance + epsilon) * weight[c] + bias[c], mean and variance over the columns of row r
//
//   x, y          [rows, columns] F32
//   weight, bias  [1, columns] F32
//
// The variance is summed from the distances, in a second pass: the difference of two sums of squares loses what the mean is larger than.
// Sums go as in tile.h: lane c mod 16, then the tree.
//
// Source: Ba et al. 2016, arXiv:1607.06450.
// Checked against Reference/ReferenceOps.LayerNorm.cs by tests/NativeBackends.Tests/LayerNormTests.cs.
#include <cmath>

#include "cpu/kernels.h"
#include "cpu/row_pieces.h"
#include "cpu/simd.h"

namespace xllm::cpu::XLLM_ISA {

void layer_norm(ThreadPool& threads, const xllm_tensor& x, const xllm_tensor& weight, const xllm_tensor& bias, float epsilon,
                const xllm_tensor& y) {
    const int64_t columns = x.columns;
    const auto lanes_at = [&](int64_t c) { return static_cast<int>(columns - c < kLanes ? columns - c : kLanes); };
    for_each_row(threads, x.rows, columns, [&](int64_t r) {
        const float* values = row<const float>(x, r);
        F32x16 sums = zero();
        for (int64_t c = 0; c < columns; c += kLanes) {
            sums = add(sums, load_up_to(values + c, lanes_at(c)));
        }

        const float mean = sum_of_lanes(sums) / static_cast<float>(columns);
        F32x16 squares = zero();
        for (int64_t c = 0; c < columns; c += kLanes) {
            float distances[kLanes] = {};
            store_up_to(distances, subtract(load_up_to(values + c, lanes_at(c)), broadcast(mean)), lanes_at(c));
            squares = multiply_add(load(distances), load(distances), squares);
        }

        const F32x16 scale = broadcast(1.0f / sqrtf(sum_of_lanes(squares) / static_cast<float>(columns) + epsilon));
        for (int64_t c = 0; c < columns; c += kLanes) {
            const int lanes = lanes_at(c);
            const F32x16 normal = multiply(subtract(load_up_to(values + c, lanes), broadcast(mean)), scale);
            const F32x16 offset = load_up_to(row<const float>(bias, 0) + c, lanes);
            store_up_to(row<float>(y, r) + c, multiply_add(normal, load_up_to(row<const float>(weight, 0) + c, lanes), offset), lanes);
        }
    });
}

}  // namespace xllm::cpu::XLLM_ISA

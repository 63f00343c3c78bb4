// SliceHeads: y[r, h * count + c] = x[r, h * head size + first + c]
// JoinHeads:  head h of y is head h of a, then head h of b
//
//   x, a, b, y  [rows, heads * columns] F32; y does not overlap the others
//
// Copies, row by row: what they cost is memory.
//
// Checked against Reference/ReferenceOps.Latent.cs by tests/NativeBackends.Tests/SliceHeadsTests.cs and JoinHeadsTests.cs.
#include <cstring>

#include "cpu/kernels.h"
#include "cpu/row_pieces.h"

namespace xllm::cpu::XLLM_ISA {

void slice_heads(ThreadPool& threads, const xllm_tensor& x, int32_t head_size, int32_t first, int32_t count, const xllm_tensor& y) {
    for_each_row(threads, x.rows, y.columns, [&](int64_t r) {
        const float* source = row<const float>(x, r) + first;
        float* result = row<float>(y, r);
        for (int64_t h = 0; h < x.columns / head_size; ++h) {
            std::memcpy(result + h * count, source + h * head_size, static_cast<size_t>(count) * sizeof(float));
        }
    });
}

void join_heads(ThreadPool& threads, const xllm_tensor& a, const xllm_tensor& b, int32_t heads, const xllm_tensor& y) {
    const int64_t n = a.columns / heads;
    const int64_t m = b.columns / heads;
    for_each_row(threads, a.rows, y.columns, [&](int64_t r) {
        float* result = row<float>(y, r);
        for (int64_t h = 0; h < heads; ++h) {
            std::memcpy(result + h * (n + m), row<const float>(a, r) + h * n, static_cast<size_t>(n) * sizeof(float));
            std::memcpy(result + h * (n + m) + n, row<const float>(b, r) + h * m, static_cast<size_t>(m) * sizeof(float));
        }
    });
}

}  // namespace xllm::cpu::XLLM_ISA

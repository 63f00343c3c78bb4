// Add: x[r, c] += y[r, c]
//
//   x  [rows, columns] F32; overwritten
//   y  [rows, columns] F32; may be x
//
// Checked against Reference/ReferenceOps.Add.cs by tests/NativeBackends.Tests/AddTests.cs.
#include "cpu/kernels.h"
#include "cpu/row_pieces.h"

namespace xllm::cpu::XLLM_ISA {

void add(ThreadPool& threads, const xllm_tensor& x, const xllm_tensor& y) {
    for_each_row(threads, x.rows, x.columns, [&](int64_t r) {
        float* sums = row<float>(x, r);
        const float* terms = row<const float>(y, r);
        for (int64_t c = 0; c < x.columns; ++c) {
            sums[c] += terms[c];
        }
    });
}

}  // namespace xllm::cpu::XLLM_ISA

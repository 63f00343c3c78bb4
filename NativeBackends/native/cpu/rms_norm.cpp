// RMSNorm: y[r, c] = x[r, c] * weight[c] / sqrt(mean over c of x[r, c]^2 + epsilon)
//
//   x, y    [rows, columns] F32; y may be x
//   weight  [1, columns] F32
//
// Rows are independent, so a thread takes whole rows and reads each twice; the second read hits L1.
//
// Source: Zhang and Sennrich 2019, arXiv:1910.07467, equation 4.
// Checked against Reference/ReferenceOps.RmsNorm.cs by tests/NativeBackends.Tests/RmsNormTests.cs.
#include "cpu/kernels.h"
#include "cpu/normalize.h"
#include "cpu/row_pieces.h"

namespace xllm::cpu::XLLM_ISA {

void rms_norm(ThreadPool& threads, const xllm_tensor& x, const xllm_tensor& weight, float epsilon, const xllm_tensor& y) {
    for_each_row(threads, x.rows, x.columns,
                 [&](int64_t r) { normalize(row<const float>(x, r), row<const float>(weight, 0), epsilon, x.columns, row<float>(y, r)); });
}

}  // namespace xllm::cpu::XLLM_ISA

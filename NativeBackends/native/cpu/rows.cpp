// Rows: y[r, :] = x[indices[r], :]
//
//   x        [rows, columns] F32
//   indices  [1, n] I32, checked to be rows of x
//   y        [n, columns] F32; does not overlap x
//
// Checked against Reference/ReferenceOps.Rows.cs by tests/NativeBackends.Tests/RowsTests.cs.
#include <cstring>

#include "cpu/kernels.h"

namespace xllm::cpu::XLLM_ISA {

void rows(ThreadPool&, const xllm_tensor& x, const xllm_tensor& indices, const xllm_tensor& y) {
    // One thread: the rows of a step that want logits are few.
    const int32_t* sources = row<const int32_t>(indices, 0);
    for (int64_t r = 0; r < y.rows; ++r) {
        std::memcpy(row<float>(y, r), row<const float>(x, sources[r]), static_cast<size_t>(y.columns) * sizeof(float));
    }
}

}  // namespace xllm::cpu::XLLM_ISA

// PutRows: x[rows[i], :] = y[i, :]
// AddRows: x[rows[i], :] += y[i, :]
//
//   x     [n, columns] F32; overwritten in the named rows
//   rows  [1, m] I32, checked to be rows of x and to ascend, so that no two threads write one
//   y     [m, columns] F32; does not overlap x
//
// Checked against Reference/ReferenceOps.PutRows.cs by tests/NativeBackends.Tests/PutRowsTests.cs and AddRowsTests.cs.
#include <cstring>

#include "cpu/kernels.h"
#include "cpu/row_pieces.h"

namespace xllm::cpu::XLLM_ISA {

void put_rows(ThreadPool& threads, const xllm_tensor& x, const xllm_tensor& rows, const xllm_tensor& y) {
    const int32_t* places = row<const int32_t>(rows, 0);
    for_each_row(threads, y.rows, y.columns, [&](int64_t i) {
        std::memcpy(row<float>(x, places[i]), row<const float>(y, i), static_cast<size_t>(y.columns) * sizeof(float));
    });
}

void add_rows(ThreadPool& threads, const xllm_tensor& x, const xllm_tensor& rows, const xllm_tensor& y) {
    const int32_t* places = row<const int32_t>(rows, 0);
    for_each_row(threads, y.rows, y.columns, [&](int64_t i) {
        float* sums = row<float>(x, places[i]);
        const float* terms = row<const float>(y, i);
        for (int64_t c = 0; c < y.columns; ++c) {
            sums[c] += terms[c];
        }
    });
}

}  // namespace xllm::cpu::XLLM_ISA

// Weighted rows: y[r, c] = sum over j of weights[r, j] * table[indices[r, j], c], in the order of j
//
//   table    [rows, columns] in any format
//   indices  [n, terms] I32, checked to be rows of the table
//   weights  [n, terms] F32
//   y        [n, columns] F32
//
// This is how a table of position embeddings is read between its entries.
//
// Checked against Reference/ReferenceOps.WeightedRows.cs by tests/NativeBackends.Tests/WeightedRowsTests.cs.
#include <cstring>

#include "cpu/kernels.h"
#include "cpu/simd.h"

namespace xllm::cpu::XLLM_ISA {

void weighted_rows(ThreadPool& threads, const xllm_weight& table, const xllm_tensor& indices, const xllm_tensor& weights,
                   const xllm_tensor& y) {
    const int64_t stride = (table.columns + kLanes - 1) / kLanes * kLanes;
    threads.reserve_scratch(static_cast<size_t>(stride) * sizeof(float));
    for_each(threads, y.rows, [&](int64_t r, int thread) {
        float* term = static_cast<float*>(threads.scratch(thread));
        float* sums = row<float>(y, r);
        std::memset(sums, 0, static_cast<size_t>(y.columns) * sizeof(float));
        for (int64_t j = 0; j < indices.columns; ++j) {
            dequantize_rows(table, row<const int32_t>(indices, r)[j], 1, term, stride);
            const F32x16 weight = broadcast(row<const float>(weights, r)[j]);
            for (int64_t c = 0; c < y.columns; c += kLanes) {
                const int count = static_cast<int>(y.columns - c < kLanes ? y.columns - c : kLanes);
                store_up_to(sums + c, multiply_add(weight, load(term + c), load_up_to(sums + c, count)), count);
            }
        }
    });
}

}  // namespace xllm::cpu::XLLM_ISA

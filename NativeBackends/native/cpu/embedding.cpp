// Embedding: y[r, c] = table[ids[r], c], as F32
//
//   ids    [1, n] I32, checked to be rows of the table
//   table  [vocabulary, hidden] in any format
//   y      [n, hidden] F32
//
// Checked against Reference/ReferenceOps.Embedding.cs by tests/NativeBackends.Tests/EmbeddingTests.cs.
#include "cpu/kernels.h"

namespace xllm::cpu::XLLM_ISA {

void embedding(ThreadPool& threads, const xllm_tensor& ids, const xllm_weight& table, const xllm_tensor& y) {
    const int32_t* tokens = row<const int32_t>(ids, 0);
    for_each(threads, y.rows, [&](int64_t r, int) { dequantize_rows(table, tokens[r], 1, row<float>(y, r), y.columns); });
}

}  // namespace xllm::cpu::XLLM_ISA

// RMSNorm of every head by itself, in place: x[r, h, :] = rms_norm(x[r, h, :], weight)
//
//   x       [rows, heads * head size] F32; overwritten
//   weight  [1, head size] F32
//
// Source: as rms_norm.cpp; over heads: Henry et al. 2020, arXiv:2010.04245 (there with L2 norms), as Qwen3 has it.
// Checked against Reference/ReferenceOps.RmsNormHeads.cs by tests/NativeBackends.Tests/RmsNormHeadsTests.cs.
#include "cpu/kernels.h"
#include "cpu/normalize.h"
#include "cpu/row_pieces.h"

namespace xllm::cpu::XLLM_ISA {

void rms_norm_heads(ThreadPool& threads, const xllm_tensor& x, const xllm_tensor& weight, float epsilon) {
    for_each_row(threads, x.rows, x.columns, [&](int64_t r) {
        float* values = row<float>(x, r);
        for (int64_t start = 0; start < x.columns; start += weight.columns) {
            normalize(values + start, row<const float>(weight, 0), epsilon, weight.columns, values + start);
        }
    });
}

}  // namespace xllm::cpu::XLLM_ISA

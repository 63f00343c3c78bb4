// SigmoidMultiply: x[r, c] = x[r, c] / (1 + exp(-gate[r, c / width])), width = x columns / gate columns
//
//   x     [rows, columns] F32; overwritten
//   gate  [rows, columns / width] F32: one number for each column, for each head, or for the whole row
//
// A tail is computed in a whole register of padded lanes, so an element's bits do not depend on its column.
//
// Source: Qwen3-Next's output gate and its shared expert's (the reference implementation in transformers).
// Checked against Reference/ReferenceOps.SigmoidMultiply.cs by tests/NativeBackends.Tests/SigmoidMultiplyTests.cs.
#include "cpu/exponential.h"
#include "cpu/kernels.h"
#include "cpu/row_pieces.h"

namespace xllm::cpu::XLLM_ISA {

void sigmoid_multiply(ThreadPool& threads, const xllm_tensor& x, const xllm_tensor& gate) {
    const int64_t width = x.columns / gate.columns;
    for_each_row(threads, x.rows, x.columns, [&](int64_t r) {
        float* values = row<float>(x, r);
        const float* gates = row<const float>(gate, r);
        const F32x16 one = broadcast(1.0f);
        if (width == 1) {
            for (int64_t c = 0; c < x.columns; c += kLanes) {
                const int count = static_cast<int>(x.columns - c < kLanes ? x.columns - c : kLanes);
                const F32x16 below = add(one, exponential(subtract(zero(), load_up_to(gates + c, count))));
                store_up_to(values + c, divide(load_up_to(values + c, count), below), count);
            }

            return;
        }

        for (int64_t g = 0; g < gate.columns; ++g) {
            const F32x16 below = add(one, exponential(subtract(zero(), broadcast(gates[g]))));
            for (int64_t c = 0; c < width; c += kLanes) {
                const int count = static_cast<int>(width - c < kLanes ? width - c : kLanes);
                float* part = values + g * width + c;
                store_up_to(part, divide(load_up_to(part, count), below), count);
            }
        }
    });
}

}  // namespace xllm::cpu::XLLM_ISA

// SiLU and multiply: gate[r, c] = gate[r, c] / (1 + exp(-gate[r, c])) * up[r, c]
//
//   gate  [rows, columns] F32; overwritten
//   up    [rows, columns] F32
//
// A row's tail is computed in a whole register of padded lanes, so an element's bits do not depend on its column.
//
// Source: Shazeer 2020, arXiv:2002.05202 (SwiGLU).
// Checked against Reference/ReferenceOps.SiluMultiply.cs by tests/NativeBackends.Tests/SiluMultiplyTests.cs.
#include "cpu/exponential.h"
#include "cpu/kernels.h"
#include "cpu/row_pieces.h"

namespace xllm::cpu::XLLM_ISA {

void silu_multiply(ThreadPool& threads, const xllm_tensor& gate, const xllm_tensor& up) {
    for_each_row(threads, gate.rows, gate.columns, [&](int64_t r) {
        float* gates = row<float>(gate, r);
        const float* factors = row<const float>(up, r);
        for (int64_t c = 0; c < gate.columns; c += kLanes) {
            const int count = static_cast<int>(gate.columns - c < kLanes ? gate.columns - c : kLanes);
            const F32x16 a = load_up_to(gates + c, count);
            const F32x16 silu = divide(a, add(broadcast(1.0f), exponential(subtract(zero(), a))));
            store_up_to(gates + c, multiply(silu, load_up_to(factors + c, count)), count);
        }
    });
}

}  // namespace xllm::cpu::XLLM_ISA

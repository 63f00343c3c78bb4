// GELU, in place
//
//   exact  x / 2 * erfc(-x / sqrt(2))
//   tanh   x / (1 + exp(-2 u)) with u = sqrt(2 / pi) * (x + 0.044715 x^3), which is x / 2 * (1 + tanh(u))
//   quick  x / (1 + exp(-1.702 x))
//
//   x  [rows, columns] F32; overwritten
//
// erfc is the C library's, one number at a time: what is exact here is small (mergers, not blocks). With erfc instead of 1 + erf nothing is
// lost where x is far below 0. A row's tail is computed in a whole register of padded lanes, so an element's bits do not depend on its column.
//
// Source: Hendrycks and Gimpel 2016, arXiv:1606.08415.
// Checked against Reference/ReferenceOps.Gelu.cs by tests/NativeBackends.Tests/GeluTests.cs.
#include <cmath>

#include "cpu/exponential.h"
#include "cpu/kernels.h"
#include "cpu/row_pieces.h"

namespace xllm::cpu::XLLM_ISA {
namespace {

constexpr float kHalfSqrt = 0.70710678118654752f;       // 1 / sqrt(2)
constexpr float kTwoSqrtTwoOverPi = 1.5957691216057308f;  // 2 sqrt(2 / pi)

// x / (1 + exp(-slope))
F32x16 gated(F32x16 x, F32x16 slope) { return divide(x, add(broadcast(1.0f), exponential(subtract(zero(), slope)))); }

F32x16 tanh_slope(F32x16 x) {
    const F32x16 cubic = multiply_add(multiply(multiply(x, x), broadcast(0.044715f)), x, x);
    return multiply(cubic, broadcast(kTwoSqrtTwoOverPi));
}

}  // namespace

void gelu(ThreadPool& threads, const xllm_tensor& x, xllm_gelu_kind kind) {
    constexpr int64_t kElementsPerErfc = 8;
    for_each_row(threads, x.rows, x.columns * (kind == XLLM_GELU_EXACT ? kElementsPerErfc : 1), [&](int64_t r) {
        float* values = row<float>(x, r);
        if (kind == XLLM_GELU_EXACT) {
            for (int64_t c = 0; c < x.columns; ++c) {
                values[c] = 0.5f * values[c] * erfcf(-values[c] * kHalfSqrt);
            }

            return;
        }

        for (int64_t c = 0; c < x.columns; c += kLanes) {
            const int count = static_cast<int>(x.columns - c < kLanes ? x.columns - c : kLanes);
            const F32x16 a = load_up_to(values + c, count);
            store_up_to(values + c, gated(a, kind == XLLM_GELU_TANH ? tanh_slope(a) : multiply(a, broadcast(1.702f))), count);
        }
    });
}

}  // namespace xllm::cpu::XLLM_ISA

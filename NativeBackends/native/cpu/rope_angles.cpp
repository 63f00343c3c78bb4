// RoPE angles: y[r, i] = scale * cos(a), y[r, n + i] = scale * sin(a) with a = positions[r] * frequencies[i] and n frequencies
//
//   positions    [1, rows] I32
//   frequencies  [1, n] F32
//   y            [rows, 2 n] F32
//
// The product is rounded to F32 before the cosine because checkpoints were trained so. The C library's cosf and sinf reduce large
// angles exactly; a step calls this once for all layers, so they need not be fast.
//
// Source: Su et al. 2021, arXiv:2104.09864.
// Checked against Reference/ReferenceOps.RopeAngles.cs by tests/NativeBackends.Tests/RopeAnglesTests.cs.
#include <cmath>

#include "cpu/kernels.h"
#include "cpu/row_pieces.h"

namespace xllm::cpu::XLLM_ISA {

void rope_angles(ThreadPool& threads, const xllm_tensor& positions, const xllm_tensor& frequencies, float scale, const xllm_tensor& y) {
    const int32_t* places = row<const int32_t>(positions, 0);
    const float* factors = row<const float>(frequencies, 0);
    const int64_t count = frequencies.columns;
    constexpr int64_t kElementsPerCosine = 16;
    for_each_row(threads, y.rows, y.columns * kElementsPerCosine, [&](int64_t r) {
        float* cosines = row<float>(y, r);
        float* sines = cosines + count;
        const float position = static_cast<float>(places[r]);
        for (int64_t i = 0; i < count; ++i) {
            const float angle = position * factors[i];
            cosines[i] = cosf(angle) * scale;
            sines[i] = sinf(angle) * scale;
        }
    });
}

}  // namespace xllm::cpu::XLLM_ISA

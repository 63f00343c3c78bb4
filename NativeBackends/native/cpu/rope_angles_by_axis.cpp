// RoPE angles of positions with several axes: y[r, i] = scale * cos(a), y[r, n + i] = scale * sin(a) with
// a = positions[axes[i], r] * frequencies[i] and n frequencies
//
//   positions    [number of axes, rows] I32
//   axes         [1, n] I32, checked to be rows of positions
//   frequencies  [1, n] F32
//   y            [rows, 2 n] F32
//
// The arithmetic of rope_angles.cpp: where all axes have the same positions, the bits are the same.
//
// Source: Wang et al. 2024, arXiv:2409.12191, section 2.1 (M-RoPE).
// Checked against Reference/ReferenceOps.RopeAnglesByAxis.cs by tests/NativeBackends.Tests/RopeAnglesByAxisTests.cs.
#include <cmath>

#include "cpu/kernels.h"
#include "cpu/row_pieces.h"

namespace xllm::cpu::XLLM_ISA {

void rope_angles_by_axis(ThreadPool& threads, const xllm_tensor& positions, const xllm_tensor& axes, const xllm_tensor& frequencies,
                         float scale, const xllm_tensor& y) {
    const int32_t* axis = row<const int32_t>(axes, 0);
    const float* factors = row<const float>(frequencies, 0);
    const int64_t count = frequencies.columns;
    constexpr int64_t kElementsPerCosine = 16;
    for_each_row(threads, y.rows, y.columns * kElementsPerCosine, [&](int64_t r) {
        float* cosines = row<float>(y, r);
        float* sines = cosines + count;
        for (int64_t i = 0; i < count; ++i) {
            const float angle = static_cast<float>(row<const int32_t>(positions, axis[i])[r]) * factors[i];
            cosines[i] = cosf(angle) * scale;
            sines[i] = sinf(angle) * scale;
        }
    });
}

}  // namespace xllm::cpu::XLLM_ISA

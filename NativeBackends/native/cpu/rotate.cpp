// Rotate: for every head and pair i, (a, b) becomes (a cos_i - b sin_i, b cos_i + a sin_i), in place
//
//   x       [rows, heads * head size] F32; overwritten
//   angles  [rows, 2 n] F32: cosines, then sines; 2 n is at most the head size, columns of a head past 2 n stay
//   pairs   halves: columns i and n + i; interleaved: columns 2 i and 2 i + 1
//
// Source: Su et al. 2021, arXiv:2104.09864.
// Checked against Reference/ReferenceOps.Rotate.cs by tests/NativeBackends.Tests/RotateTests.cs.
#include "cpu/kernels.h"
#include "cpu/row_pieces.h"

namespace xllm::cpu::XLLM_ISA {
namespace {

void rotate_head(float* head, const float* cosines, const float* sines, int64_t pairs, int64_t second, int64_t step) {
    for (int64_t i = 0; i < pairs; ++i) {
        const float a = head[i * step];
        const float b = head[i * step + second];
        head[i * step] = a * cosines[i] - b * sines[i];
        head[i * step + second] = b * cosines[i] + a * sines[i];
    }
}

}  // namespace

void rotate(ThreadPool& threads, const xllm_tensor& x, const xllm_tensor& angles, int32_t head_size, xllm_rope_pairing pairing) {
    const int64_t pairs = angles.columns / 2;
    for_each_row(threads, x.rows, x.columns, [&](int64_t r) {
        const float* cosines = row<const float>(angles, r);
        const float* sines = cosines + pairs;
        for (int64_t start = 0; start < x.columns; start += head_size) {
            float* head = row<float>(x, r) + start;
            if (pairing == XLLM_ROPE_HALVES) {
                rotate_head(head, cosines, sines, pairs, pairs, 1);
            } else {
                rotate_head(head, cosines, sines, pairs, 1, 2);
            }
        }
    });
}

}  // namespace xllm::cpu::XLLM_ISA

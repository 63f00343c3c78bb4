// The kernels of the CPU backend. Every file of this folder but backend.cpp, instruction_set.cpp and memory.cpp is compiled once per
// instruction set, into the namespace XLLM_ISA (avx512, avx2, portable); backend.cpp picks one table at run time. The files that are
// included by one of units/ are compiled with it, so their unnamed namespaces are one.
//
// Such a file uses no inline function or template that another file may also instantiate (so nothing of the standard library but
// C functions): the linker would keep one copy for all, perhaps one with instructions that the processor lacks.
#pragma once

#include "common/tensor_view.h"
#include "common/thread_pool.h"
#include "xllm/abi.h"

namespace xllm::cpu {

struct KernelTable {
    const char* instructions;
    void (*embedding)(ThreadPool&, const xllm_tensor& ids, const xllm_weight& table, const xllm_tensor& y);
    void (*rows)(ThreadPool&, const xllm_tensor& x, const xllm_tensor& indices, const xllm_tensor& y);
    void (*rms_norm)(ThreadPool&, const xllm_tensor& x, const xllm_tensor& weight, float epsilon, const xllm_tensor& y);
    void (*rms_norm_heads)(ThreadPool&, const xllm_tensor& x, const xllm_tensor& weight, float epsilon);
    void (*layer_norm)(ThreadPool&, const xllm_tensor& x, const xllm_tensor& weight, const xllm_tensor& bias, float epsilon,
                       const xllm_tensor& y);
    void (*linear)(ThreadPool&, const xllm_tensor& x, const xllm_weight& weight, const xllm_tensor* bias, const xllm_tensor& y);
    void (*add)(ThreadPool&, const xllm_tensor& x, const xllm_tensor& y);
    void (*silu_multiply)(ThreadPool&, const xllm_tensor& gate, const xllm_tensor& up);
    void (*rope_angles)(ThreadPool&, const xllm_tensor& positions, const xllm_tensor& frequencies, float scale, const xllm_tensor& y);
    void (*rotate)(ThreadPool&, const xllm_tensor& x, const xllm_tensor& angles, int32_t head_size, xllm_rope_pairing pairing);
    void (*paged_attention)(ThreadPool&, const xllm_tensor& q, const xllm_tensor& k, const xllm_tensor& v, const xllm_kv_layer& kv,
                            const xllm_attention_batch& batch, const xllm_head_layout& heads, float scale, const xllm_tensor& y);
    void (*sigmoid_multiply)(ThreadPool&, const xllm_tensor& x, const xllm_tensor& gate);
    void (*short_convolution)(ThreadPool&, const xllm_tensor& x, const xllm_tensor& weight, const xllm_state_layer& state, int32_t first_channel,
                              const xllm_attention_batch& batch, const xllm_tensor& y);
    void (*gated_delta_rule)(ThreadPool&, const xllm_tensor& q, const xllm_tensor& k, const xllm_tensor& v, const xllm_tensor& strength,
                             const xllm_tensor& step, const xllm_tensor& log_decay, const xllm_tensor& step_bias, const xllm_state_layer& state,
                             const xllm_attention_batch& batch, const xllm_tensor& y);
    void (*choose_experts)(ThreadPool&, const xllm_tensor& logits, const xllm_tensor* bias, const xllm_expert_routing& routing,
                           const xllm_tensor& ids, const xllm_tensor& weights);
    void (*experts)(ThreadPool&, const xllm_tensor& x, const xllm_tensor& ids, const xllm_tensor& weights,
                    const xllm_expert_weights& experts, const xllm_tensor& y);
    void (*slice_heads)(ThreadPool&, const xllm_tensor& x, int32_t head_size, int32_t first, int32_t count, const xllm_tensor& y);
    void (*join_heads)(ThreadPool&, const xllm_tensor& a, const xllm_tensor& b, int32_t heads, const xllm_tensor& y);
    void (*linear_heads)(ThreadPool&, const xllm_tensor& x, const xllm_weight& weight, const xllm_head_slice& slice, bool transposed,
                         const xllm_tensor& y);
    void (*latent_attention)(ThreadPool&, const xllm_tensor& q, const xllm_tensor& latent, const xllm_kv_layer& kv,
                             const xllm_attention_batch& batch, int32_t value_columns, float scale, const xllm_tensor* selection,
                             const xllm_tensor& y);
    void (*select_positions)(ThreadPool&, const xllm_tensor& q, const xllm_tensor& keys, const xllm_tensor& weights,
                             const xllm_kv_layer& kv, const xllm_attention_batch& batch, int32_t most, float scale, const xllm_tensor& y);
    void (*gelu)(ThreadPool&, const xllm_tensor& x, xllm_gelu_kind kind);
    void (*rope_angles_by_axis)(ThreadPool&, const xllm_tensor& positions, const xllm_tensor& axes, const xllm_tensor& frequencies,
                                float scale, const xllm_tensor& y);
    void (*segment_attention)(ThreadPool&, const xllm_tensor& q, const xllm_tensor& k, const xllm_tensor& v, const xllm_tensor& starts,
                              int32_t heads, float scale, const xllm_tensor& y);
    void (*weighted_rows)(ThreadPool&, const xllm_weight& table, const xllm_tensor& indices, const xllm_tensor& weights,
                          const xllm_tensor& y);
    void (*put_rows)(ThreadPool&, const xllm_tensor& x, const xllm_tensor& rows, const xllm_tensor& y);
    void (*add_rows)(ThreadPool&, const xllm_tensor& x, const xllm_tensor& rows, const xllm_tensor& y);
};

#ifdef XLLM_ISA
namespace XLLM_ISA {

void embedding(ThreadPool& threads, const xllm_tensor& ids, const xllm_weight& table, const xllm_tensor& y);
void rows(ThreadPool& threads, const xllm_tensor& x, const xllm_tensor& indices, const xllm_tensor& y);
void rms_norm(ThreadPool& threads, const xllm_tensor& x, const xllm_tensor& weight, float epsilon, const xllm_tensor& y);
void rms_norm_heads(ThreadPool& threads, const xllm_tensor& x, const xllm_tensor& weight, float epsilon);
void layer_norm(ThreadPool& threads, const xllm_tensor& x, const xllm_tensor& weight, const xllm_tensor& bias, float epsilon,
                const xllm_tensor& y);
void linear(ThreadPool& threads, const xllm_tensor& x, const xllm_weight& weight, const xllm_tensor* bias, const xllm_tensor& y);
void add(ThreadPool& threads, const xllm_tensor& x, const xllm_tensor& y);
void silu_multiply(ThreadPool& threads, const xllm_tensor& gate, const xllm_tensor& up);
void rope_angles(ThreadPool& threads, const xllm_tensor& positions, const xllm_tensor& frequencies, float scale, const xllm_tensor& y);
void rotate(ThreadPool& threads, const xllm_tensor& x, const xllm_tensor& angles, int32_t head_size, xllm_rope_pairing pairing);
void paged_attention(ThreadPool& threads, const xllm_tensor& q, const xllm_tensor& k, const xllm_tensor& v, const xllm_kv_layer& kv,
                     const xllm_attention_batch& batch, const xllm_head_layout& heads, float scale, const xllm_tensor& y);
void sigmoid_multiply(ThreadPool& threads, const xllm_tensor& x, const xllm_tensor& gate);
void short_convolution(ThreadPool& threads, const xllm_tensor& x, const xllm_tensor& weight, const xllm_state_layer& state, int32_t first_channel,
                       const xllm_attention_batch& batch, const xllm_tensor& y);
void gated_delta_rule(ThreadPool& threads, const xllm_tensor& q, const xllm_tensor& k, const xllm_tensor& v, const xllm_tensor& strength,
                      const xllm_tensor& step, const xllm_tensor& log_decay, const xllm_tensor& step_bias, const xllm_state_layer& state,
                      const xllm_attention_batch& batch, const xllm_tensor& y);
void choose_experts(ThreadPool& threads, const xllm_tensor& logits, const xllm_tensor* bias, const xllm_expert_routing& routing,
                    const xllm_tensor& ids, const xllm_tensor& weights);
void experts(ThreadPool& threads, const xllm_tensor& x, const xllm_tensor& ids, const xllm_tensor& weights,
             const xllm_expert_weights& experts, const xllm_tensor& y);
void slice_heads(ThreadPool& threads, const xllm_tensor& x, int32_t head_size, int32_t first, int32_t count, const xllm_tensor& y);
void join_heads(ThreadPool& threads, const xllm_tensor& a, const xllm_tensor& b, int32_t heads, const xllm_tensor& y);
void linear_heads(ThreadPool& threads, const xllm_tensor& x, const xllm_weight& weight, const xllm_head_slice& slice, bool transposed,
                  const xllm_tensor& y);
void latent_attention(ThreadPool& threads, const xllm_tensor& q, const xllm_tensor& latent, const xllm_kv_layer& kv,
                      const xllm_attention_batch& batch, int32_t value_columns, float scale, const xllm_tensor* selection,
                      const xllm_tensor& y);
void select_positions(ThreadPool& threads, const xllm_tensor& q, const xllm_tensor& keys, const xllm_tensor& weights,
                      const xllm_kv_layer& kv, const xllm_attention_batch& batch, int32_t most, float scale, const xllm_tensor& y);
void gelu(ThreadPool& threads, const xllm_tensor& x, xllm_gelu_kind kind);
void rope_angles_by_axis(ThreadPool& threads, const xllm_tensor& positions, const xllm_tensor& axes, const xllm_tensor& frequencies,
                            float scale, const xllm_tensor& y);
void segment_attention(ThreadPool& threads, const xllm_tensor& q, const xllm_tensor& k, const xllm_tensor& v, const xllm_tensor& starts,
                          int32_t heads, float scale, const xllm_tensor& y);
void weighted_rows(ThreadPool& threads, const xllm_weight& table, const xllm_tensor& indices, const xllm_tensor& weights,
                      const xllm_tensor& y);
void put_rows(ThreadPool& threads, const xllm_tensor& x, const xllm_tensor& rows, const xllm_tensor& y);
void add_rows(ThreadPool& threads, const xllm_tensor& x, const xllm_tensor& rows, const xllm_tensor& y);

// A part of Linear that one thread computes; linear.cpp. Ops that multiply with several weights put their pieces together from it.
struct LinearPiece {
    int64_t outputs;        // of a piece: long enough to hand to a thread, short enough for L2
    size_t scratch_bytes;   // that linear_outputs needs for so many
};
LinearPiece linear_piece(const xllm_weight& weight, int64_t rows);

// y[r][o] = sum over k of x[r][k] * weight[first + o][k] for o in [0, count); count is at most linear_piece(weight, n).outputs for some
// n of at least the given rows. Adds in the order of tile.h.
void linear_outputs(const float* x, int64_t x_stride, int64_t rows, const xllm_weight& weight, int64_t first, int count, float* scratch,
                    float* y, int64_t y_stride);

// y[r][o] = sum over k of x[r][k] * w[o][k], w being F32 that was written just before. Adds in the order of tile.h; strides in floats.
void scratch_dot_products(const float* x, int64_t x_stride, int64_t rows, const float* w, int64_t w_stride, int64_t columns, int outputs,
                          float* y, int64_t y_stride);

// Writes count rows of a weight as F32, from the given row on, columns in the order of the inputs.
//   result  [count, stride]; the columns past the weight's up to stride are zeroed
void dequantize_rows(const xllm_weight& weight, int64_t first, int count, float* result, int64_t stride);

// The same with the columns as they are stored: for products whose other side was brought into that order (weight.order).
void dequantize_stored_rows(const xllm_weight& weight, int64_t first, int count, float* result, int64_t stride);

}  // namespace XLLM_ISA
#endif

#ifdef XLLM_WITH_AVX512
namespace avx512 {
extern const KernelTable kernels;
}
#endif
#ifdef XLLM_WITH_AVX2
namespace avx2 {
extern const KernelTable kernels;
}
#endif
#ifdef XLLM_WITH_PORTABLE
namespace portable {
extern const KernelTable kernels;
}
#endif

}  // namespace xllm::cpu

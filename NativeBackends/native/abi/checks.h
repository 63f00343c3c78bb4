// What every op demands of its arguments, once for all backends and callers. Messages have both shapes or numbers.
// C# makes the same checks for the reference backend in Ops/OpChecks.cs; the parity tests hold the two together.
#pragma once

#include "xllm/abi.h"

namespace xllm::checks {

// Each throws InvalidArgument, or returns.
void embedding(const xllm_tensor& ids, const xllm_weight& table, const xllm_tensor& y);
void rows(const xllm_tensor& x, const xllm_tensor& indices, const xllm_tensor& y);
void rms_norm(const xllm_tensor& x, const xllm_tensor& weight, const xllm_tensor& y);
void rms_norm_heads(const xllm_tensor& x, const xllm_tensor& weight);
void layer_norm(const xllm_tensor& x, const xllm_tensor& weight, const xllm_tensor& bias, const xllm_tensor& y);
void linear(const xllm_tensor& x, const xllm_weight& weight, const xllm_tensor* bias, const xllm_tensor& y);
void add(const xllm_tensor& x, const xllm_tensor& y);
void silu_multiply(const xllm_tensor& gate, const xllm_tensor& up);
void rope_angles(const xllm_tensor& positions, const xllm_tensor& frequencies, const xllm_tensor& y);
void rotate(const xllm_tensor& x, const xllm_tensor& angles, int32_t head_size, int32_t pairing);
void paged_attention(const xllm_tensor& q, const xllm_tensor& k, const xllm_tensor& v, const xllm_kv_layer& kv,
                     const xllm_attention_batch& batch, const xllm_head_layout& heads, const xllm_tensor& y);

void sigmoid_multiply(const xllm_tensor& x, const xllm_tensor& gate);
void short_convolution(const xllm_tensor& x, const xllm_tensor& weight, const xllm_state_layer& state, int32_t first_channel,
                       const xllm_attention_batch& batch, const xllm_tensor& y);
void gated_delta_rule(const xllm_tensor& q, const xllm_tensor& k, const xllm_tensor& v, const xllm_tensor& strength, const xllm_tensor& step,
                      const xllm_tensor& log_decay, const xllm_tensor& step_bias, const xllm_state_layer& state,
                      const xllm_attention_batch& batch, const xllm_tensor& y);
void choose_experts(const xllm_tensor& logits, const xllm_tensor* bias, const xllm_expert_routing& routing, const xllm_tensor& ids,
                    const xllm_tensor& weights);
void experts(const xllm_tensor& x, const xllm_tensor& ids, const xllm_tensor& weights, const xllm_expert_weights& experts,
             const xllm_tensor& y);
void slice_heads(const xllm_tensor& x, int32_t head_size, int32_t first, int32_t count, const xllm_tensor& y);
void join_heads(const xllm_tensor& a, const xllm_tensor& b, int32_t heads, const xllm_tensor& y);
void linear_heads(const xllm_tensor& x, const xllm_weight& weight, const xllm_head_slice& slice, int32_t transposed, const xllm_tensor& y);
void latent_attention(const xllm_tensor& q, const xllm_tensor& latent, const xllm_kv_layer& kv, const xllm_attention_batch& batch,
                      int32_t value_columns, const xllm_tensor* selection, const xllm_tensor& y);
void select_positions(const xllm_tensor& q, const xllm_tensor& keys, const xllm_tensor& weights, const xllm_kv_layer& kv,
                      const xllm_attention_batch& batch, int32_t most, const xllm_tensor& y);
void gelu(const xllm_tensor& x, int32_t kind);
void rope_angles_by_axis(const xllm_tensor& positions, const xllm_tensor& axes, const xllm_tensor& frequencies, const xllm_tensor& y);
void segment_attention(const xllm_tensor& q, const xllm_tensor& k, const xllm_tensor& v, const xllm_tensor& starts, int32_t heads,
                       const xllm_tensor& y);
void weighted_rows(const xllm_weight& table, const xllm_tensor& indices, const xllm_tensor& weights, const xllm_tensor& y);
void put_rows(const char* op, const xllm_tensor& x, const xllm_tensor& rows, const xllm_tensor& y);

}  // namespace xllm::checks

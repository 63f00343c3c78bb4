// What a backend is to the C interface: a name and a table of functions. Each backend fills one in its own folder's backend.cpp.
//
// Arguments have been checked when a function is called (abi/checks.h), so kernels check nothing. Functions throw std::exception
// on failure; abi/ turns that into a status and words.
#pragma once

#include <cstdint>

#include "xllm/abi.h"

namespace xllm {

struct BackendTable {
    const char* name;
    bool uses_host_memory;

    // Why it cannot run on this machine, or null.
    const char* (*missing)();

    // State that the other functions get as their first argument.
    void* (*open)(const xllm_options& options);
    void (*close)(void* state);
    const char* (*description)(void* state);

    // allocate returns null where the system has no more.
    void* (*allocate)(void* state, int64_t bytes);
    void (*free)(void* state, void* address, int64_t bytes);
    void (*upload)(void* state, const void* source, void* destination, int64_t bytes);
    void (*download)(void* state, const void* source, void* destination, int64_t bytes);

    void (*embedding)(void* state, const xllm_tensor& ids, const xllm_weight& table, const xllm_tensor& y);
    void (*rows)(void* state, const xllm_tensor& x, const xllm_tensor& indices, const xllm_tensor& y);
    void (*rms_norm)(void* state, const xllm_tensor& x, const xllm_tensor& weight, float epsilon, const xllm_tensor& y);
    void (*rms_norm_heads)(void* state, const xllm_tensor& x, const xllm_tensor& weight, float epsilon);
    void (*layer_norm)(void* state, const xllm_tensor& x, const xllm_tensor& weight, const xllm_tensor& bias, float epsilon,
                       const xllm_tensor& y);
    void (*linear)(void* state, const xllm_tensor& x, const xllm_weight& weight, const xllm_tensor* bias, const xllm_tensor& y);
    void (*add)(void* state, const xllm_tensor& x, const xllm_tensor& y);
    void (*silu_multiply)(void* state, const xllm_tensor& gate, const xllm_tensor& up);
    void (*rope_angles)(void* state, const xllm_tensor& positions, const xllm_tensor& frequencies, float scale, const xllm_tensor& y);
    void (*rotate)(void* state, const xllm_tensor& x, const xllm_tensor& angles, int32_t head_size, xllm_rope_pairing pairing);
    void (*paged_attention)(void* state, const xllm_tensor& q, const xllm_tensor& k, const xllm_tensor& v, const xllm_kv_layer& kv,
                            const xllm_attention_batch& batch, const xllm_head_layout& heads, float scale, const xllm_tensor& y);
    void (*sigmoid_multiply)(void* state, const xllm_tensor& x, const xllm_tensor& gate);
    void (*short_convolution)(void* state, const xllm_tensor& x, const xllm_tensor& weight, const xllm_state_layer& layer,
                              int32_t first_channel, const xllm_attention_batch& batch, const xllm_tensor& y);
    void (*gated_delta_rule)(void* state, const xllm_tensor& q, const xllm_tensor& k, const xllm_tensor& v, const xllm_tensor& strength,
                             const xllm_tensor& step, const xllm_tensor& log_decay, const xllm_tensor& step_bias,
                             const xllm_state_layer& layer, const xllm_attention_batch& batch, const xllm_tensor& y);
    void (*choose_experts)(void* state, const xllm_tensor& logits, const xllm_tensor* bias, const xllm_expert_routing& routing,
                           const xllm_tensor& ids, const xllm_tensor& weights);
    void (*experts)(void* state, const xllm_tensor& x, const xllm_tensor& ids, const xllm_tensor& weights,
                    const xllm_expert_weights& experts, const xllm_tensor& y);
    void (*slice_heads)(void* state, const xllm_tensor& x, int32_t head_size, int32_t first, int32_t count, const xllm_tensor& y);
    void (*join_heads)(void* state, const xllm_tensor& a, const xllm_tensor& b, int32_t heads, const xllm_tensor& y);
    void (*linear_heads)(void* state, const xllm_tensor& x, const xllm_weight& weight, const xllm_head_slice& slice, bool transposed,
                         const xllm_tensor& y);
    void (*latent_attention)(void* state, const xllm_tensor& q, const xllm_tensor& latent, const xllm_kv_layer& kv,
                             const xllm_attention_batch& batch, int32_t value_columns, float scale, const xllm_tensor* selection,
                             const xllm_tensor& y);
    void (*select_positions)(void* state, const xllm_tensor& q, const xllm_tensor& keys, const xllm_tensor& weights,
                             const xllm_kv_layer& kv, const xllm_attention_batch& batch, int32_t most, float scale, const xllm_tensor& y);
    void (*gelu)(void* state, const xllm_tensor& x, xllm_gelu_kind kind);
    void (*rope_angles_by_axis)(void* state, const xllm_tensor& positions, const xllm_tensor& axes, const xllm_tensor& frequencies,
                                float scale, const xllm_tensor& y);
    void (*segment_attention)(void* state, const xllm_tensor& q, const xllm_tensor& k, const xllm_tensor& v, const xllm_tensor& starts,
                              int32_t heads, float scale, const xllm_tensor& y);
    void (*weighted_rows)(void* state, const xllm_weight& table, const xllm_tensor& indices, const xllm_tensor& weights,
                          const xllm_tensor& y);
    void (*put_rows)(void* state, const xllm_tensor& x, const xllm_tensor& rows, const xllm_tensor& y);
    void (*add_rows)(void* state, const xllm_tensor& x, const xllm_tensor& rows, const xllm_tensor& y);
};

}  // namespace xllm

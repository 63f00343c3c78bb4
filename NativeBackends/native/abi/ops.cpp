// The operations: check, then call the backend's kernel. No arithmetic here.
#include "abi/backend.h"
#include "abi/checks.h"
#include "abi/guarded.h"

xllm_status xllm_embedding(xllm_backend* backend, const xllm_tensor* ids, const xllm_weight* table, const xllm_tensor* y) {
    return xllm::guarded([&] {
        xllm::checks::embedding(*ids, *table, *y);
        backend->table->embedding(backend->state, *ids, *table, *y);
    });
}

xllm_status xllm_rows(xllm_backend* backend, const xllm_tensor* x, const xllm_tensor* indices, const xllm_tensor* y) {
    return xllm::guarded([&] {
        xllm::checks::rows(*x, *indices, *y);
        backend->table->rows(backend->state, *x, *indices, *y);
    });
}

xllm_status xllm_rms_norm(xllm_backend* backend, const xllm_tensor* x, const xllm_tensor* weight, float epsilon, const xllm_tensor* y) {
    return xllm::guarded([&] {
        xllm::checks::rms_norm(*x, *weight, *y);
        backend->table->rms_norm(backend->state, *x, *weight, epsilon, *y);
    });
}

xllm_status xllm_rms_norm_heads(xllm_backend* backend, const xllm_tensor* x, const xllm_tensor* weight, float epsilon) {
    return xllm::guarded([&] {
        xllm::checks::rms_norm_heads(*x, *weight);
        backend->table->rms_norm_heads(backend->state, *x, *weight, epsilon);
    });
}

xllm_status xllm_layer_norm(xllm_backend* backend, const xllm_tensor* x, const xllm_tensor* weight, const xllm_tensor* bias,
                            float epsilon, const xllm_tensor* y) {
    return xllm::guarded([&] {
        xllm::checks::layer_norm(*x, *weight, *bias, *y);
        backend->table->layer_norm(backend->state, *x, *weight, *bias, epsilon, *y);
    });
}

xllm_status xllm_linear(xllm_backend* backend, const xllm_tensor* x, const xllm_weight* weight, const xllm_tensor* bias,
                        const xllm_tensor* y) {
    return xllm::guarded([&] {
        xllm::checks::linear(*x, *weight, bias, *y);
        backend->table->linear(backend->state, *x, *weight, bias, *y);
    });
}

xllm_status xllm_add(xllm_backend* backend, const xllm_tensor* x, const xllm_tensor* y) {
    return xllm::guarded([&] {
        xllm::checks::add(*x, *y);
        backend->table->add(backend->state, *x, *y);
    });
}

xllm_status xllm_silu_multiply(xllm_backend* backend, const xllm_tensor* gate, const xllm_tensor* up) {
    return xllm::guarded([&] {
        xllm::checks::silu_multiply(*gate, *up);
        backend->table->silu_multiply(backend->state, *gate, *up);
    });
}

xllm_status xllm_rope_angles(xllm_backend* backend, const xllm_tensor* positions, const xllm_tensor* frequencies, float scale,
                             const xllm_tensor* y) {
    return xllm::guarded([&] {
        xllm::checks::rope_angles(*positions, *frequencies, *y);
        backend->table->rope_angles(backend->state, *positions, *frequencies, scale, *y);
    });
}

xllm_status xllm_rotate(xllm_backend* backend, const xllm_tensor* x, const xllm_tensor* angles, int32_t head_size, int32_t pairing) {
    return xllm::guarded([&] {
        xllm::checks::rotate(*x, *angles, head_size, pairing);
        backend->table->rotate(backend->state, *x, *angles, head_size, static_cast<xllm_rope_pairing>(pairing));
    });
}

xllm_status xllm_paged_attention(xllm_backend* backend, const xllm_tensor* q, const xllm_tensor* k, const xllm_tensor* v,
                                 const xllm_kv_layer* kv, const xllm_attention_batch* batch, const xllm_head_layout* heads, float scale,
                                 const xllm_tensor* y) {
    return xllm::guarded([&] {
        xllm::checks::paged_attention(*q, *k, *v, *kv, *batch, *heads, *y);
        backend->table->paged_attention(backend->state, *q, *k, *v, *kv, *batch, *heads, scale, *y);
    });
}

xllm_status xllm_sigmoid_multiply(xllm_backend* backend, const xllm_tensor* x, const xllm_tensor* gate) {
    return xllm::guarded([&] {
        xllm::checks::sigmoid_multiply(*x, *gate);
        backend->table->sigmoid_multiply(backend->state, *x, *gate);
    });
}

xllm_status xllm_short_convolution(xllm_backend* backend, const xllm_tensor* x, const xllm_tensor* weight, const xllm_state_layer* state,
                                   int32_t first_channel, const xllm_attention_batch* batch, const xllm_tensor* y) {
    return xllm::guarded([&] {
        xllm::checks::short_convolution(*x, *weight, *state, first_channel, *batch, *y);
        backend->table->short_convolution(backend->state, *x, *weight, *state, first_channel, *batch, *y);
    });
}

xllm_status xllm_gated_delta_rule(xllm_backend* backend, const xllm_tensor* q, const xllm_tensor* k, const xllm_tensor* v,
                                  const xllm_tensor* strength, const xllm_tensor* step, const xllm_tensor* log_decay,
                                  const xllm_tensor* step_bias, const xllm_state_layer* state, const xllm_attention_batch* batch,
                                  const xllm_tensor* y) {
    return xllm::guarded([&] {
        xllm::checks::gated_delta_rule(*q, *k, *v, *strength, *step, *log_decay, *step_bias, *state, *batch, *y);
        backend->table->gated_delta_rule(backend->state, *q, *k, *v, *strength, *step, *log_decay, *step_bias, *state, *batch, *y);
    });
}

xllm_status xllm_choose_experts(xllm_backend* backend, const xllm_tensor* logits, const xllm_tensor* bias,
                                const xllm_expert_routing* routing, const xllm_tensor* ids, const xllm_tensor* weights) {
    return xllm::guarded([&] {
        xllm::checks::choose_experts(*logits, bias, *routing, *ids, *weights);
        backend->table->choose_experts(backend->state, *logits, bias, *routing, *ids, *weights);
    });
}

xllm_status xllm_experts(xllm_backend* backend, const xllm_tensor* x, const xllm_tensor* ids, const xllm_tensor* weights,
                         const xllm_expert_weights* experts, const xllm_tensor* y) {
    return xllm::guarded([&] {
        xllm::checks::experts(*x, *ids, *weights, *experts, *y);
        backend->table->experts(backend->state, *x, *ids, *weights, *experts, *y);
    });
}

xllm_status xllm_slice_heads(xllm_backend* backend, const xllm_tensor* x, int32_t head_size, int32_t first, int32_t count,
                             const xllm_tensor* y) {
    return xllm::guarded([&] {
        xllm::checks::slice_heads(*x, head_size, first, count, *y);
        backend->table->slice_heads(backend->state, *x, head_size, first, count, *y);
    });
}

xllm_status xllm_join_heads(xllm_backend* backend, const xllm_tensor* a, const xllm_tensor* b, int32_t heads, const xllm_tensor* y) {
    return xllm::guarded([&] {
        xllm::checks::join_heads(*a, *b, heads, *y);
        backend->table->join_heads(backend->state, *a, *b, heads, *y);
    });
}

xllm_status xllm_linear_heads(xllm_backend* backend, const xllm_tensor* x, const xllm_weight* weight, const xllm_head_slice* slice,
                              int32_t transposed, const xllm_tensor* y) {
    return xllm::guarded([&] {
        xllm::checks::linear_heads(*x, *weight, *slice, transposed, *y);
        backend->table->linear_heads(backend->state, *x, *weight, *slice, transposed != 0, *y);
    });
}

xllm_status xllm_latent_attention(xllm_backend* backend, const xllm_tensor* q, const xllm_tensor* latent, const xllm_kv_layer* kv,
                                  const xllm_attention_batch* batch, int32_t value_columns, float scale, const xllm_tensor* selection,
                                  const xllm_tensor* y) {
    return xllm::guarded([&] {
        xllm::checks::latent_attention(*q, *latent, *kv, *batch, value_columns, selection, *y);
        backend->table->latent_attention(backend->state, *q, *latent, *kv, *batch, value_columns, scale, selection, *y);
    });
}

xllm_status xllm_select_positions(xllm_backend* backend, const xllm_tensor* q, const xllm_tensor* keys, const xllm_tensor* weights,
                                  const xllm_kv_layer* kv, const xllm_attention_batch* batch, int32_t most, float scale,
                                  const xllm_tensor* y) {
    return xllm::guarded([&] {
        xllm::checks::select_positions(*q, *keys, *weights, *kv, *batch, most, *y);
        backend->table->select_positions(backend->state, *q, *keys, *weights, *kv, *batch, most, scale, *y);
    });
}

xllm_status xllm_gelu(xllm_backend* backend, const xllm_tensor* x, int32_t kind) {
    return xllm::guarded([&] {
        xllm::checks::gelu(*x, kind);
        backend->table->gelu(backend->state, *x, static_cast<xllm_gelu_kind>(kind));
    });
}

xllm_status xllm_rope_angles_by_axis(xllm_backend* backend, const xllm_tensor* positions, const xllm_tensor* axes,
                                     const xllm_tensor* frequencies, float scale, const xllm_tensor* y) {
    return xllm::guarded([&] {
        xllm::checks::rope_angles_by_axis(*positions, *axes, *frequencies, *y);
        backend->table->rope_angles_by_axis(backend->state, *positions, *axes, *frequencies, scale, *y);
    });
}

xllm_status xllm_segment_attention(xllm_backend* backend, const xllm_tensor* q, const xllm_tensor* k, const xllm_tensor* v,
                                   const xllm_tensor* starts, int32_t heads, float scale, const xllm_tensor* y) {
    return xllm::guarded([&] {
        xllm::checks::segment_attention(*q, *k, *v, *starts, heads, *y);
        backend->table->segment_attention(backend->state, *q, *k, *v, *starts, heads, scale, *y);
    });
}

xllm_status xllm_weighted_rows(xllm_backend* backend, const xllm_weight* table, const xllm_tensor* indices, const xllm_tensor* weights,
                               const xllm_tensor* y) {
    return xllm::guarded([&] {
        xllm::checks::weighted_rows(*table, *indices, *weights, *y);
        backend->table->weighted_rows(backend->state, *table, *indices, *weights, *y);
    });
}

xllm_status xllm_put_rows(xllm_backend* backend, const xllm_tensor* x, const xllm_tensor* rows, const xllm_tensor* y) {
    return xllm::guarded([&] {
        xllm::checks::put_rows("put_rows", *x, *rows, *y);
        backend->table->put_rows(backend->state, *x, *rows, *y);
    });
}

xllm_status xllm_add_rows(xllm_backend* backend, const xllm_tensor* x, const xllm_tensor* rows, const xllm_tensor* y) {
    return xllm::guarded([&] {
        xllm::checks::put_rows("add_rows", *x, *rows, *y);
        backend->table->add_rows(backend->state, *x, *rows, *y);
    });
}

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

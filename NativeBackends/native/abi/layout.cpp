// Sizes, offsets and values of abi.h as this compiler sees them, for callers that mirror the header by hand.
#include <cstddef>

#include "xllm/abi.h"

#define XLLM_SIZE(type) \
    { #type, sizeof(type) }
#define XLLM_OFFSET(type, field) \
    { #type "." #field, offsetof(type, field) }
#define XLLM_VALUE(name) \
    { #name, name }

namespace {

constexpr xllm_layout_entry kLayout[] = {
    XLLM_SIZE(xllm_tensor),
    XLLM_OFFSET(xllm_tensor, data),
    XLLM_OFFSET(xllm_tensor, dtype),
    XLLM_OFFSET(xllm_tensor, rows),
    XLLM_OFFSET(xllm_tensor, columns),
    XLLM_OFFSET(xllm_tensor, row_stride),
    XLLM_SIZE(xllm_weight),
    XLLM_OFFSET(xllm_weight, data),
    XLLM_OFFSET(xllm_weight, format),
    XLLM_OFFSET(xllm_weight, rows),
    XLLM_OFFSET(xllm_weight, columns),
    XLLM_OFFSET(xllm_weight, row_block),
    XLLM_OFFSET(xllm_weight, column_block),
    XLLM_OFFSET(xllm_weight, scales),
    XLLM_OFFSET(xllm_weight, zeros),
    XLLM_OFFSET(xllm_weight, order),
    XLLM_SIZE(xllm_kv_layer),
    XLLM_OFFSET(xllm_kv_layer, pool),
    XLLM_OFFSET(xllm_kv_layer, dtype),
    XLLM_OFFSET(xllm_kv_layer, block_tokens),
    XLLM_OFFSET(xllm_kv_layer, kv_heads),
    XLLM_OFFSET(xllm_kv_layer, head_size),
    XLLM_OFFSET(xllm_kv_layer, block_stride),
    XLLM_OFFSET(xllm_kv_layer, key_offset),
    XLLM_OFFSET(xllm_kv_layer, value_offset),
    XLLM_SIZE(xllm_attention_batch),
    XLLM_OFFSET(xllm_attention_batch, row_starts),
    XLLM_OFFSET(xllm_attention_batch, context_lengths),
    XLLM_OFFSET(xllm_attention_batch, block_tables),
    XLLM_OFFSET(xllm_attention_batch, slots),
    XLLM_SIZE(xllm_head_layout),
    XLLM_OFFSET(xllm_head_layout, query_heads),
    XLLM_OFFSET(xllm_head_layout, kv_heads),
    XLLM_OFFSET(xllm_head_layout, head_size),
    XLLM_SIZE(xllm_expert_routing),
    XLLM_OFFSET(xllm_expert_routing, chosen),
    XLLM_OFFSET(xllm_expert_routing, score),
    XLLM_OFFSET(xllm_expert_routing, groups),
    XLLM_OFFSET(xllm_expert_routing, chosen_groups),
    XLLM_OFFSET(xllm_expert_routing, group_score),
    XLLM_OFFSET(xllm_expert_routing, normalize),
    XLLM_OFFSET(xllm_expert_routing, scale),
    XLLM_SIZE(xllm_expert_weights),
    XLLM_OFFSET(xllm_expert_weights, gate),
    XLLM_OFFSET(xllm_expert_weights, up),
    XLLM_OFFSET(xllm_expert_weights, down),
    XLLM_OFFSET(xllm_expert_weights, count),
    XLLM_SIZE(xllm_head_slice),
    XLLM_OFFSET(xllm_head_slice, heads),
    XLLM_OFFSET(xllm_head_slice, stride),
    XLLM_OFFSET(xllm_head_slice, first),
    XLLM_OFFSET(xllm_head_slice, count),
    XLLM_SIZE(xllm_options),
    XLLM_OFFSET(xllm_options, threads),
    XLLM_OFFSET(xllm_options, instruction_set),
    XLLM_VALUE(XLLM_OK),
    XLLM_VALUE(XLLM_INVALID_ARGUMENT),
    XLLM_VALUE(XLLM_OUT_OF_MEMORY),
    XLLM_VALUE(XLLM_UNSUPPORTED),
    XLLM_VALUE(XLLM_FAILED),
    XLLM_VALUE(XLLM_F32),
    XLLM_VALUE(XLLM_BF16),
    XLLM_VALUE(XLLM_F16),
    XLLM_VALUE(XLLM_I32),
    XLLM_VALUE(XLLM_I8),
    XLLM_VALUE(XLLM_U8),
    XLLM_VALUE(XLLM_F8E4M3),
    XLLM_VALUE(XLLM_I64),
    XLLM_VALUE(XLLM_WEIGHT_F32),
    XLLM_VALUE(XLLM_WEIGHT_BF16),
    XLLM_VALUE(XLLM_WEIGHT_F16),
    XLLM_VALUE(XLLM_WEIGHT_F8E4M3),
    XLLM_VALUE(XLLM_WEIGHT_I8),
    XLLM_VALUE(XLLM_WEIGHT_I4),
    XLLM_VALUE(XLLM_WEIGHT_Q4_0),
    XLLM_VALUE(XLLM_WEIGHT_Q8_0),
    XLLM_VALUE(XLLM_WEIGHT_Q4_K),
    XLLM_VALUE(XLLM_WEIGHT_Q5_K),
    XLLM_VALUE(XLLM_WEIGHT_Q6_K),
    XLLM_VALUE(XLLM_ISA_AUTO),
    XLLM_VALUE(XLLM_ISA_PORTABLE),
    XLLM_VALUE(XLLM_ISA_AVX2),
    XLLM_VALUE(XLLM_ISA_AVX512),
    XLLM_VALUE(XLLM_ROPE_HALVES),
    XLLM_VALUE(XLLM_ROPE_INTERLEAVED),
    XLLM_VALUE(XLLM_EXPERT_SOFTMAX),
    XLLM_VALUE(XLLM_EXPERT_SIGMOID),
    XLLM_VALUE(XLLM_EXPERT_GROUP_BEST),
    XLLM_VALUE(XLLM_EXPERT_GROUP_SUMOFTWOBEST),
    XLLM_VALUE(XLLM_GELU_EXACT),
    XLLM_VALUE(XLLM_GELU_TANH),
    XLLM_VALUE(XLLM_GELU_QUICK),
};

}  // namespace

int32_t xllm_layout(const xllm_layout_entry** entries) {
    *entries = kLayout;
    return static_cast<int32_t>(sizeof kLayout / sizeof kLayout[0]);
}

// The table of this instruction set's kernels.
#include "cpu/kernels.h"

#define XLLM_QUOTED(name) #name
#define XLLM_STRING(name) XLLM_QUOTED(name)

namespace xllm::cpu::XLLM_ISA {

extern const KernelTable kernels;
const KernelTable kernels = {
    .instructions = XLLM_STRING(XLLM_ISA),
    .embedding = embedding,
    .rows = rows,
    .rms_norm = rms_norm,
    .rms_norm_heads = rms_norm_heads,
    .layer_norm = layer_norm,
    .linear = linear,
    .add = add,
    .silu_multiply = silu_multiply,
    .rope_angles = rope_angles,
    .rotate = rotate,
    .paged_attention = paged_attention,
    .sigmoid_multiply = sigmoid_multiply,
    .short_convolution = short_convolution,
    .gated_delta_rule = gated_delta_rule,
    .choose_experts = choose_experts,
    .experts = experts,
    .slice_heads = slice_heads,
    .join_heads = join_heads,
    .linear_heads = linear_heads,
    .latent_attention = latent_attention,
    .select_positions = select_positions,
    .gelu = gelu,
    .rope_angles_by_axis = rope_angles_by_axis,
    .segment_attention = segment_attention,
    .weighted_rows = weighted_rows,
    .put_rows = put_rows,
    .add_rows = add_rows,
};

}  // namespace xllm::cpu::XLLM_ISA

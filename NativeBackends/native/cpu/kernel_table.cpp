// The table of this instruction set's kernels.
#include "cpu/kernels.h"

#define XLLM_QUOTED(name) #name
#define XLLM_STRING(name) XLLM_QUOTED(name)

namespace xllm::cpu::XLLM_ISA {

extern const KernelTable kernels;
const KernelTable kernels = {
    XLLM_STRING(XLLM_ISA), embedding,      rows,    rms_norm,    rms_norm_heads, linear,       add,
    silu_multiply,         rope_angles,    rotate,  paged_attention,
    choose_experts,        experts,        slice_heads, join_heads, linear_heads, latent_attention,
};

}  // namespace xllm::cpu::XLLM_ISA

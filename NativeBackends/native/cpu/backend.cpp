// The CPU backend's table: a thread pool and the kernels of one instruction set.
#include "cpu/backend.h"

#include <cstring>
#include <string>

#include "cpu/instruction_set.h"
#include "cpu/kernels.h"
#include "cpu/memory.h"

namespace xllm::cpu {
namespace {

struct State {
    State(const xllm_options& options)
        : kernels(kernels_for(options.instruction_set)),
          threads(options.threads),
          description(std::string(kernels.instructions) + ", " + std::to_string(options.threads) +
                      (options.threads == 1 ? " thread" : " threads")) {}

    const KernelTable& kernels;
    ThreadPool threads;
    std::string description;
};

// Gives an op's kernel the thread pool: the table's functions differ in nothing else.
template <auto Kernel, class... Arguments>
void call(void* state, Arguments... arguments) {
    State& cpu = *static_cast<State*>(state);
    (cpu.kernels.*Kernel)(cpu.threads, arguments...);
}

}  // namespace

const BackendTable& backend_table() {
    static const BackendTable table = {
        .name = "cpu",
        .uses_host_memory = true,
        .missing = kernels_missing,
        .open = [](const xllm_options& options) -> void* { return new State(options); },
        .close = [](void* state) { delete static_cast<State*>(state); },
        .description = [](void* state) { return static_cast<State*>(state)->description.c_str(); },
        .allocate = [](void*, int64_t bytes) { return allocate(bytes); },
        .free = [](void*, void* address, int64_t bytes) { release(address, bytes); },
        .upload = [](void*, const void* source, void* destination,
                     int64_t bytes) { std::memcpy(destination, source, static_cast<size_t>(bytes)); },
        .download = [](void*, const void* source, void* destination,
                       int64_t bytes) { std::memcpy(destination, source, static_cast<size_t>(bytes)); },
        .embedding = call<&KernelTable::embedding>,
        .rows = call<&KernelTable::rows>,
        .rms_norm = call<&KernelTable::rms_norm>,
        .rms_norm_heads = call<&KernelTable::rms_norm_heads>,
        .layer_norm = call<&KernelTable::layer_norm>,
        .linear = call<&KernelTable::linear>,
        .add = call<&KernelTable::add>,
        .silu_multiply = call<&KernelTable::silu_multiply>,
        .rope_angles = call<&KernelTable::rope_angles>,
        .rotate = call<&KernelTable::rotate>,
        .paged_attention = call<&KernelTable::paged_attention>,
        .sigmoid_multiply = call<&KernelTable::sigmoid_multiply>,
        .short_convolution = call<&KernelTable::short_convolution>,
        .gated_delta_rule = call<&KernelTable::gated_delta_rule>,
        .choose_experts = call<&KernelTable::choose_experts>,
        .experts = call<&KernelTable::experts>,
        .slice_heads = call<&KernelTable::slice_heads>,
        .join_heads = call<&KernelTable::join_heads>,
        .linear_heads = call<&KernelTable::linear_heads>,
        .latent_attention = call<&KernelTable::latent_attention>,
        .select_positions = call<&KernelTable::select_positions>,
        .gelu = call<&KernelTable::gelu>,
        .rope_angles_by_axis = call<&KernelTable::rope_angles_by_axis>,
        .segment_attention = call<&KernelTable::segment_attention>,
        .weighted_rows = call<&KernelTable::weighted_rows>,
        .put_rows = call<&KernelTable::put_rows>,
        .add_rows = call<&KernelTable::add_rows>,
    };
    return table;
}

}  // namespace xllm::cpu

// Where a recurrent state lies: addresses inside the blocks that a sequence reads or writes.
#pragma once

#include "cpu/kernels.h"

namespace xllm::cpu::XLLM_ISA {

// Every matrix and every row of a window starts at a multiple of 64 bytes.
static inline int64_t whole_lines(int64_t floats) { return (floats * static_cast<int64_t>(sizeof(float)) + 63) / 64 * 64; }

// Head h's matrix [key columns, value columns].
static inline float* state_matrix(const xllm_state_layer& state, const int32_t* blocks, int64_t head) {
    const int64_t number = state.first_matrix + head;
    return reinterpret_cast<float*>(static_cast<char*>(state.pool) + blocks[number / state.matrices_per_block] * state.block_stride +
                                    number % state.matrices_per_block * whole_lines(int64_t{state.key_columns} * state.value_columns));
}

// The inputs of a position that the convolution looks back at: [channels].
static inline float* state_row(const xllm_state_layer& state, const int32_t* blocks, int64_t position) {
    const int64_t number = state.first_row + position % state.window;
    return reinterpret_cast<float*>(static_cast<char*>(state.pool) +
                                    blocks[state.first_row_block + number / state.rows_per_block] * state.block_stride +
                                    number % state.rows_per_block * whole_lines(state.channels));
}

}  // namespace xllm::cpu::XLLM_ISA

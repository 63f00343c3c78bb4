// ShortConvolution: y[r, c] = silu(sum over j in [0, window] of weight[j, c] * input(p - window + j, c)), p the row's position
//
//   x, y    [rows, columns] F32: the inputs of this step; y does not overlap x
//   weight  [window + 1, columns] F32
//   state   keeps the last inputs of each sequence in its channels [first, first + columns)
//
// input(q) is x where q is a row of this step, what the state has where it is before, and nothing before the sequence's start. The sum
// goes in the order of j whatever of it comes from where, so a row's bits do not depend on how the sequence was cut into steps.
// The state is a ring: position q lies in row q mod window. A unit of work is some channels of a sequence with all its rows, so that
// who reads the old inputs also replaces them, after the last row that needs them.
//
// Source: the causal depthwise convolution of Gated DeltaNet (Yang et al. 2024, arXiv:2412.06464), as in Mamba (arXiv:2312.00752).
// Checked against Reference/ReferenceOps.ShortConvolution.cs by tests/NativeBackends.Tests/ShortConvolutionTests.cs.
#include <cstring>

#include "cpu/exponential.h"
#include "cpu/kernels.h"
#include "cpu/row_pieces.h"
#include "cpu/state.h"

namespace xllm::cpu::XLLM_ISA {
namespace {

// Channels of a unit: with one row and a kernel of 4 about a microsecond.
constexpr int64_t kChannels = 512;

struct ConvolvedSequence {
    const xllm_tensor& x;
    const xllm_state_layer& state;
    int64_t first_channel;
    const int32_t* read;
    const int32_t* written;
    int64_t first;     // row of x
    int64_t rows;
    int64_t position;  // of the first row

    // The inputs of a position of this step or of the window before it.
    const float* input(int64_t at) const {
        return at >= position ? row<const float>(x, first + at - position) : state_row(state, read, at) + first_channel;
    }
};

void convolve_channels(const ConvolvedSequence& sequence, const xllm_tensor& weight, const xllm_tensor& y, int64_t c, int count) {
    const int64_t window = sequence.state.window;
    for (int64_t r = 0; r < sequence.rows; ++r) {
        const int64_t oldest = sequence.position + r - window;
        F32x16 sum = zero();
        for (int64_t j = oldest < 0 ? -oldest : 0; j <= window; ++j) {
            sum = multiply_add(load_up_to(row<const float>(weight, j) + c, count), load_up_to(sequence.input(oldest + j) + c, count), sum);
        }

        const F32x16 silu = divide(sum, add(broadcast(1.0f), exponential(subtract(zero(), sum))));
        store_up_to(row<float>(y, sequence.first + r) + c, silu, count);
    }
}

// Brings the last inputs into the blocks that are written.
void keep_inputs(const ConvolvedSequence& sequence, int64_t from, int64_t count) {
    const int64_t end = sequence.position + sequence.rows;
    const int64_t oldest = end - sequence.state.window;
    for (int64_t at = oldest < 0 ? 0 : oldest; at < end; ++at) {
        float* kept = state_row(sequence.state, sequence.written, at) + sequence.first_channel + from;
        const float* input = sequence.input(at) + from;
        if (kept != input) {
            std::memcpy(kept, input, static_cast<size_t>(count) * sizeof(float));
        }
    }
}

}  // namespace

void short_convolution(ThreadPool& threads, const xllm_tensor& x, const xllm_tensor& weight, const xllm_state_layer& state,
                       int32_t first_channel, const xllm_attention_batch& batch, const xllm_tensor& y) {
    const int32_t* starts = row<const int32_t>(batch.row_starts, 0);
    const int32_t* contexts = row<const int32_t>(batch.context_lengths, 0);
    const int64_t parts = (x.columns + kChannels - 1) / kChannels;
    for_each(threads, batch.context_lengths.columns * parts, [&](int64_t piece, int) {
        const int64_t s = piece / parts;
        const int64_t rows = starts[s + 1] - starts[s];
        const int32_t* blocks = row<const int32_t>(batch.block_tables, s);
        const ConvolvedSequence sequence{x, state, first_channel, blocks, blocks + state.blocks, starts[s], rows, contexts[s] - rows};
        const int64_t from = piece % parts * kChannels;
        const int64_t end = from + kChannels < x.columns ? from + kChannels : x.columns;
        for (int64_t c = from; c < end; c += kLanes) {
            convolve_channels(sequence, weight, y, c, static_cast<int>(end - c < kLanes ? end - c : kLanes));
        }

        if (rows > 0) {
            keep_inputs(sequence, from, end - from);
        }
    });
}

}  // namespace xllm::cpu::XLLM_ISA

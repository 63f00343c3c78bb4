// GatedDeltaRule: for every head, token after token, with S its matrix [key columns, value columns]
//
//   decay = exp(-exp(log decay) * ln(1 + exp(step + step bias))),  beta = 1 / (1 + exp(-strength))
//   delta = beta * (v - decay * S^T k),  S = decay * S + k delta^T,  y = S^T q
//
//   q, k            [rows, key heads * key columns] F32, normalized and scaled; value head h reads key head h / (heads / key heads)
//   v, y            [rows, heads * value columns] F32
//   strength, step  [rows, heads] F32
//
// Columns of S do not depend on each other: a register of columns goes over all keys and all tokens of the sequence by itself, and a
// tile of registers (32 KiB with 128 keys) stays in the caches over the tokens. S^T k adds even keys to one sum and odd keys to another,
// in order, then the two; S^T q likewise. So a column's bits depend neither on the tile nor on how the tokens were cut into steps: the
// matrix between two tokens is the F32 numbers that a step would have stored.
// The first token of a step reads the matrix where it lies and writes it where it is wanted, which makes a copy cost nothing.
//
// Source: Yang et al. 2024, arXiv:2412.06464 (Gated Delta Networks), equation 10, in its recurrent form.
// Checked against Reference/ReferenceOps.GatedDeltaRule.cs by tests/NativeBackends.Tests/GatedDeltaRuleTests.cs.
#include <math.h>

#include <cstring>

#include "cpu/kernels.h"
#include "cpu/simd.h"
#include "cpu/state.h"

namespace xllm::cpu::XLLM_ISA {
namespace {

// Elements of S times tokens that are worth handing to a thread: some microseconds.
constexpr int64_t kWorkOfPiece = 1 << 16;

// What a token does to a head's matrix.
struct TokenGates {
    float decay;
    float beta;
};

// Double precision costs nothing here (two numbers for each head and token) and leaves one rounding.
TokenGates gates_of(float strength, float step, float log_decay, float step_bias) {
    const double x = static_cast<double>(step) + static_cast<double>(step_bias);
    const double soft = (x > 0 ? x : 0) + log1p(exp(-fabs(x)));
    return {static_cast<float>(exp(-exp(static_cast<double>(log_decay)) * soft)),
            static_cast<float>(1 / (1 + exp(-static_cast<double>(strength))))};
}

// One token in `Registers` registers of columns. count: columns of the last register.
template <int Registers>
void take_token(const float* source, float* matrix, int64_t stride, const float* q, const float* k, const float* v, int keys,
                TokenGates gates, float* y, int count) {
    const auto load_part = [&](const float* p, int i) { return i + 1 < Registers ? load(p + i * kLanes) : load_up_to(p + i * kLanes, count); };
    const auto store_part = [&](float* p, int i, F32x16 a) {
        if (i + 1 < Registers) {
            store(p + i * kLanes, a);
        } else {
            store_up_to(p + i * kLanes, a, count);
        }
    };

    // 1. What the matrix has for this key.
    F32x16 even[Registers], odd[Registers];
#pragma GCC unroll 4
    for (int i = 0; i < Registers; ++i) {
        even[i] = odd[i] = zero();
    }

    int key = 0;
    for (; key + 2 <= keys; key += 2) {
        const F32x16 first = broadcast(k[key]);
        const F32x16 second = broadcast(k[key + 1]);
#pragma GCC unroll 4
        for (int i = 0; i < Registers; ++i) {
            even[i] = multiply_add(first, load_part(source + key * stride, i), even[i]);
            odd[i] = multiply_add(second, load_part(source + (key + 1) * stride, i), odd[i]);
        }
    }

    if (key < keys) {
#pragma GCC unroll 4
        for (int i = 0; i < Registers; ++i) {
            even[i] = multiply_add(broadcast(k[key]), load_part(source + key * stride, i), even[i]);
        }
    }

    // 2. What it should have had, put in; and what it then has for the query.
    const F32x16 decay = broadcast(gates.decay);
    F32x16 delta[Registers];
#pragma GCC unroll 4
    for (int i = 0; i < Registers; ++i) {
        const F32x16 held = multiply(decay, add(even[i], odd[i]));
        delta[i] = multiply(broadcast(gates.beta), subtract(load_part(v, i), held));
        even[i] = odd[i] = zero();
    }

    const auto change = [&](int at, int i) {
        const F32x16 changed = multiply_add(broadcast(k[at]), delta[i], multiply(decay, load_part(source + at * stride, i)));
        store_part(matrix + at * stride, i, changed);
        return changed;
    };
    key = 0;
    for (; key + 2 <= keys; key += 2) {
#pragma GCC unroll 4
        for (int i = 0; i < Registers; ++i) {
            even[i] = multiply_add(broadcast(q[key]), change(key, i), even[i]);
            odd[i] = multiply_add(broadcast(q[key + 1]), change(key + 1, i), odd[i]);
        }
    }

    if (key < keys) {
#pragma GCC unroll 4
        for (int i = 0; i < Registers; ++i) {
            even[i] = multiply_add(broadcast(q[key]), change(key, i), even[i]);
        }
    }

#pragma GCC unroll 4
    for (int i = 0; i < Registers; ++i) {
        store_part(y, i, add(even[i], odd[i]));
    }
}

struct DeltaArguments {
    const xllm_tensor& q;
    const xllm_tensor& k;
    const xllm_tensor& v;
    const xllm_tensor& strength;
    const xllm_tensor& step;
    const xllm_tensor& log_decay;
    const xllm_tensor& step_bias;
    const xllm_state_layer& state;
    const xllm_tensor& y;
};

// All tokens of a sequence in the columns [c, c + (Registers - 1) * kLanes + count) of a head.
template <int Registers>
void take_tokens(const DeltaArguments& of, int64_t head, int64_t first, int64_t rows, bool fresh, const float* source, float* matrix,
                 const TokenGates* gates, int64_t c, int count) {
    const int keys = of.state.key_columns;
    const int64_t stride = of.state.value_columns;
    const int64_t key_head = head / (of.state.heads / (of.q.columns / keys));
    source += c;
    matrix += c;
    if (fresh) {
        const size_t bytes = static_cast<size_t>((Registers - 1) * kLanes + count) * sizeof(float);
        for (int key = 0; key < keys; ++key) {
            std::memset(matrix + key * stride, 0, bytes);
        }

        source = matrix;
    }

    for (int64_t r = 0; r < rows; ++r) {
        const int64_t at = first + r;
        take_token<Registers>(source, matrix, stride, row<const float>(of.q, at) + key_head * keys, row<const float>(of.k, at) + key_head * keys,
                              row<const float>(of.v, at) + head * stride + c, keys, gates[r], row<float>(of.y, at) + head * stride + c, count);
        source = matrix;
    }
}

void take_head(const DeltaArguments& of, int64_t head, int64_t first, int64_t rows, bool fresh, const int32_t* blocks, TokenGates* gates) {
    const float log_decay = row<const float>(of.log_decay, 0)[head];
    const float step_bias = row<const float>(of.step_bias, 0)[head];
    for (int64_t r = 0; r < rows; ++r) {
        gates[r] = gates_of(row<const float>(of.strength, first + r)[head], row<const float>(of.step, first + r)[head], log_decay, step_bias);
    }

    const float* source = state_matrix(of.state, blocks, head);
    float* matrix = state_matrix(of.state, blocks + of.state.blocks, head);
    const int64_t columns = of.state.value_columns;
    int64_t c = 0;
    for (; c + kTileOutputs * kLanes <= columns; c += kTileOutputs * kLanes) {
        take_tokens<kTileOutputs>(of, head, first, rows, fresh, source, matrix, gates, c, kLanes);
    }

    for (; c < columns; c += kLanes) {
        take_tokens<1>(of, head, first, rows, fresh, source, matrix, gates, c, static_cast<int>(columns - c < kLanes ? columns - c : kLanes));
    }
}

}  // namespace

void gated_delta_rule(ThreadPool& threads, const xllm_tensor& q, const xllm_tensor& k, const xllm_tensor& v, const xllm_tensor& strength,
                      const xllm_tensor& step, const xllm_tensor& log_decay, const xllm_tensor& step_bias, const xllm_state_layer& state,
                      const xllm_attention_batch& batch, const xllm_tensor& y) {
    if (q.rows == 0) {
        return;
    }

    const DeltaArguments of{q, k, v, strength, step, log_decay, step_bias, state, y};
    const int32_t* starts = row<const int32_t>(batch.row_starts, 0);
    const int32_t* contexts = row<const int32_t>(batch.context_lengths, 0);
    const int64_t sequences = batch.context_lengths.columns;
    int64_t most = 0;
    for (int64_t s = 0; s < sequences; ++s) {
        most = starts[s + 1] - starts[s] > most ? starts[s + 1] - starts[s] : most;
    }

    // Heads of a piece: with many tokens one, with one token so many that a piece is worth a thread.
    const int64_t work_of_head = int64_t{q.rows} * state.key_columns * state.value_columns / sequences;
    const int64_t heads = kWorkOfPiece / (work_of_head + 1) + 1;
    const int64_t parts = (state.heads + heads - 1) / heads;
    threads.reserve_scratch(static_cast<size_t>(most) * sizeof(TokenGates));
    for_each(threads, sequences * parts, [&](int64_t piece, int thread) {
        const int64_t s = piece / parts;
        const int64_t rows = starts[s + 1] - starts[s];
        const int64_t end = (piece % parts + 1) * heads < state.heads ? (piece % parts + 1) * heads : state.heads;
        for (int64_t head = piece % parts * heads; rows > 0 && head < end; ++head) {
            take_head(of, head, starts[s], rows, contexts[s] == rows, row<const int32_t>(batch.block_tables, s),
                      static_cast<TokenGates*>(threads.scratch(thread)));
        }
    });
}

}  // namespace xllm::cpu::XLLM_ISA

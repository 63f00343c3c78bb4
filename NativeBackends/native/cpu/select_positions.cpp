// SelectPositions: stores the step's index keys, then chooses each row's best positions
//
//   score[p] = scale * sum over h of weights[r, h] * max(0, q[r, h] . key[p])
//
//   q        [rows, heads * head size] F32
//   keys     [rows, head size] F32; go to the slots of the batch, rounded to the pool's type
//   weights  [rows, heads] F32
//   kv       blocks of the pool: [block tokens, head size] F32, BF16 or I8
//   batch    which rows and blocks belong to which sequence; row r of a sequence sees the positions up to its own
//   y        [rows, columns] I32: at most `most` positions, ascending, then -1
//
// A row that sees no more than it may have gets them all and is not scored. The others are taken in groups whose scores fit into a
// bounded memory, in two passes: pieces of a row's positions are scored, then each row is chosen from. A score is made from its row, its
// key and the order of heads alone, so neither pieces nor groups change a bit.
//
// Choosing finds the lowest chosen score by its digits (four rounds over the scores, as a radix sort would go, best digit first), then
// takes positions in ascending order: all that are above it, and those equal to it until the row is full. So among equals the lower
// position wins, and the result needs no sorting.
//
// Source: DeepSeek-V3.2 (the lightning indexer).
// Checked against Reference/ReferenceOps.SelectPositions.cs by tests/NativeBackends.Tests/SelectPositionsTests.cs.
#include "cpu/attention.h"

namespace xllm::cpu::XLLM_ISA {
namespace {

// Positions that one thread scores at a time: several pieces of attention.h, enough to pay for handing them over.
constexpr int64_t kScoredTogether = 512;

// What the scores of a group of rows may take, beyond one row's.
constexpr int64_t kGroupBytes = 32 << 20;

// Numbers in the order of the floats, not a number lowest; 0 and -0 are equal.
uint32_t ordered(float value) {
    const uint32_t bits = f32_to_bits(value + 0.0f);
    return value != value ? 0 : (bits & 0x80000000u) != 0 ? ~bits : bits | 0x80000000u;
}

// The wanted-th greatest number, and how many of those equal to it are among the wanted.
uint32_t threshold(const uint32_t* numbers, int64_t count, int64_t wanted, int64_t& equals) {
    uint32_t prefix = 0;
    uint32_t mask = 0;
    for (int shift = 24; shift >= 0; shift -= 8) {
        int64_t of_digit[256] = {};
        for (int64_t i = 0; i < count; ++i) {
            of_digit[(numbers[i] >> shift) & 255u] += (numbers[i] & mask) == prefix ? 1 : 0;
        }

        int digit = 255;
        for (; of_digit[digit] < wanted; --digit) {
            wanted -= of_digit[digit];
        }

        prefix |= static_cast<uint32_t>(digit) << shift;
        mask |= 255u << shift;
    }

    equals = wanted;
    return prefix;
}

void select(const uint32_t* numbers, int64_t count, const xllm_tensor& y, int64_t r) {
    int64_t equals = 0;
    const uint32_t lowest = threshold(numbers, count, y.columns, equals);
    int32_t* selected = row<int32_t>(y, r);
    int64_t next = 0;
    for (int64_t p = 0; p < count && next < y.columns; ++p) {
        if (numbers[p] > lowest || (numbers[p] == lowest && equals-- > 0)) {
            selected[next++] = static_cast<int32_t>(p);
        }
    }
}

void select_all(int64_t visible, const xllm_tensor& y, int64_t r) {
    int32_t* selected = row<int32_t>(y, r);
    for (int64_t p = 0; p < y.columns; ++p) {
        selected[p] = p < visible ? static_cast<int32_t>(p) : -1;
    }
}

struct Scorer {
    const xllm_tensor& q;
    const xllm_tensor& weights;
    const xllm_kv_layer& kv;
    float scale;
    int64_t heads;
    int64_t width;  // head size, rounded up to whole registers

    size_t scratch_bytes() const {
        return static_cast<size_t>(heads * width + kPiece * width + heads * kPiece) * sizeof(float);
    }

    // The scores of the positions [from, to) of a row.
    void score(int64_t r, const int32_t* blocks, int64_t from, int64_t to, float* queries, uint32_t* numbers) const {
        float* keys = queries + heads * width;
        float* products = keys + kPiece * width;
        for (int64_t h = 0; h < heads; ++h) {
            for (int64_t c = 0; c < width; c += kLanes) {
                const int lanes = static_cast<int>(kv.head_size - c < kLanes ? kv.head_size - c : kLanes);
                store(queries + h * width + c, load_up_to(row<const float>(q, r) + h * kv.head_size + c, lanes));
            }
        }

        const auto position_of = [](int64_t position) { return position; };
        for (; from < to; from += kPiece) {
            const int count = static_cast<int>(to - from < kPiece ? to - from : kPiece);
            const int next = static_cast<int>(to - from - count < kPiece ? to - from - count : kPiece);
            read_piece(kv, blocks, 0, {kv.key_offset, from, count, kv.key_offset, from + count, next}, position_of, width, keys);
            scratch_dot_products(queries, width, heads, keys, width, width, count, products, kPiece);
            for (int p = 0; p < count; p += kLanes) {
                F32x16 sums = zero();
                for (int64_t h = 0; h < heads; ++h) {
                    const F32x16 weight = broadcast(row<const float>(weights, r)[h] * scale);
                    sums = multiply_add(weight, maximum(load(products + h * kPiece + p), zero()), sums);
                }

                float scores[kLanes];
                store(scores, sums);
                for (int i = 0; i < kLanes && p + i < count; ++i) {
                    *numbers++ = ordered(scores[i]);
                }
            }
        }
    }
};

// A row that has to be chosen from.
struct ScoredRow {
    int64_t row;
    int64_t visible;
    const int32_t* blocks;
    uint32_t* numbers;
};

}  // namespace

void select_positions(ThreadPool& threads, const xllm_tensor& q, const xllm_tensor& keys, const xllm_tensor& weights,
                      const xllm_kv_layer& kv, const xllm_attention_batch& batch, int32_t most, float scale, const xllm_tensor& y) {
    // 1. Store everything before anything is read: a row sees rows of its own step.
    const int32_t* slots = row<const int32_t>(batch.slots, 0);
    for_each_row(threads, q.rows, keys.columns,
                 [&](int64_t r) { store_vector(kv, kv.key_offset, slots[r], 0, row<const float>(keys, r)); });

    // 2. Rows that see little get everything; the longest context decides about memory.
    const int32_t* starts = row<const int32_t>(batch.row_starts, 0);
    const int32_t* contexts = row<const int32_t>(batch.context_lengths, 0);
    int64_t longest = 0;
    for (int64_t s = 0; s < batch.context_lengths.columns; ++s) {
        longest = contexts[s] > longest && starts[s + 1] > starts[s] ? contexts[s] : longest;
        for (int64_t r = starts[s]; r < starts[s + 1]; ++r) {
            const int64_t visible = contexts[s] - starts[s + 1] + r + 1;
            if (visible <= most) {
                select_all(visible, y, r);
            }
        }
    }

    if (longest <= most) {
        return;
    }

    const Scorer scorer{q, weights, kv, scale, weights.columns, (kv.head_size + kLanes - 1) / kLanes * kLanes};
    threads.reserve_scratch(scorer.scratch_bytes());
    const int64_t row_bytes = longest * static_cast<int64_t>(sizeof(uint32_t)) + static_cast<int64_t>(sizeof(ScoredRow));
    const int64_t fitting = kGroupBytes / row_bytes + 1;
    const int64_t rows_of_group = fitting < q.rows ? fitting : q.rows;
    ScoredRow* group = static_cast<ScoredRow*>(threads.shared_scratch(static_cast<size_t>(rows_of_group * row_bytes)));
    uint32_t* numbers = reinterpret_cast<uint32_t*>(group + rows_of_group);

    // 3. The others, group by group.
    int64_t count = 0;
    const auto finish = [&] {
        const int64_t pieces = (longest + kScoredTogether - 1) / kScoredTogether;
        for_each(threads, count * pieces, [&](int64_t piece, int thread) {
            const ScoredRow& scored = group[piece / pieces];
            const int64_t from = piece % pieces * kScoredTogether;
            const int64_t end = from + kScoredTogether;
            if (from < scored.visible) {
                scorer.score(scored.row, scored.blocks, from, end < scored.visible ? end : scored.visible,
                             static_cast<float*>(threads.scratch(thread)), scored.numbers + from);
            }
        });
        for_each(threads, count, [&](int64_t i, int) { select(group[i].numbers, group[i].visible, y, group[i].row); });
        count = 0;
    };
    for (int64_t s = 0; s < batch.context_lengths.columns; ++s) {
        for (int64_t r = starts[s]; r < starts[s + 1]; ++r) {
            const int64_t visible = contexts[s] - starts[s + 1] + r + 1;
            if (visible > most) {
                group[count] = {r, visible, row<const int32_t>(batch.block_tables, s), numbers + count * longest};
                ++count;
            }

            if (count == rows_of_group) {
                finish();
            }
        }
    }

    finish();
}

}  // namespace xllm::cpu::XLLM_ISA

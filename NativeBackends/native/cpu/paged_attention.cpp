// Paged attention: stores the step's keys and values, then y[r, h] = softmax over p of (scale * q[r, h] . k[p]) times v[p]
//
//   q, y    [rows, query heads * head size] F32
//   k, v    [rows, KV heads * head size] F32; go to the slots of the batch, rounded to the pool's type
//   kv      blocks of the pool: [KV heads, block tokens, head size] F32 or BF16, keys and values apart
//   batch   which rows and blocks belong to which sequence; row r of a sequence sees the positions up to its own
//
// A unit of work is (sequence, tile of rows, KV head): all query heads that share the KV head and all rows of the tile read each key
// and value once, as F32 in L2. Units are independent.
//
// What makes a row's bits independent of chunking and batching (decision D2): it goes over its positions in pieces of 64 that start
// at multiples of 64, counted from the sequence's start; in a piece it adds in the order of positions; what it sees is decided by
// its own position alone. Positions that it does not see are not touched: not even times zero, which would let a NaN through.
// The softmax is online: when a piece brings a new maximum, the sums so far are scaled down to it.
//
// Sources: Kwon et al. 2023, arXiv:2309.06180, section 4.1 (blocks); Milakov and Gimelshein 2018, arXiv:1805.02867 (online softmax).
// Checked against Reference/ReferenceOps.PagedAttention.cs by tests/NativeBackends.Tests/PagedAttentionTests.cs.
#include <cmath>

#include "cpu/exponential.h"
#include "cpu/kernels.h"
#include "cpu/row_pieces.h"
#include "cpu/tile.h"

namespace xllm::cpu::XLLM_ISA {
namespace {

// Positions of a piece. Part of the results: another number gives other last bits.
constexpr int kPiece = 64;

// Queries (rows times query heads of a KV head) of a unit, where the head count allows: a multiple of every tile height. With heads
// of 128 columns the unit's scratch is 125 KiB, which leaves room in an L2 of 512 KiB.
constexpr int kQueries = 48;

struct Shape {
    int group;         // query heads of a KV head
    int rows_of_unit;  // at least 1
    int queries;       // group * rows_of_unit
    int64_t width;     // head size, rounded up to whole registers; the columns past the head size are zeros
};

// One thread's scratch memory.
struct Scratch {
    float* q;        // [queries, width], times the scale
    float* keys;     // [kPiece, width]
    float* values;   // [kPiece, width]
    float* scores;   // [queries, kPiece]
    float* sums;     // [queries, width]: values times shares, so far
    float* most;     // [queries]: largest score so far
    float* total;    // [queries]: sum of shares so far
    float* scaling;  // [queries]: what the sums so far are to be multiplied by
    int* limits;     // [queries]: positions of the piece that the query sees

    Scratch(void* memory, const Shape& shape) {
        float* next = static_cast<float*>(memory);
        const auto take = [&](int64_t count) {
            float* taken = next;
            next += (count + kLanes - 1) / kLanes * kLanes;
            return taken;
        };
        q = take(shape.queries * shape.width);
        keys = take(kPiece * shape.width);
        values = take(kPiece * shape.width);
        scores = take(int64_t{shape.queries} * kPiece);
        sums = take(shape.queries * shape.width);
        most = take(shape.queries);
        total = take(shape.queries);
        scaling = take(shape.queries);
        limits = reinterpret_cast<int*>(take(shape.queries));
    }

    static size_t bytes(const Shape& shape) {
        const int64_t matrices = (2 * int64_t{shape.queries} + 2 * kPiece) * shape.width + int64_t{shape.queries} * kPiece;
        return static_cast<size_t>(matrices + 4 * (int64_t{shape.queries} + kLanes)) * sizeof(float);
    }
};

const char* kv_address(const xllm_kv_layer& kv, int64_t layer_offset, int64_t block, int64_t head, int64_t offset) {
    const int64_t element = kv.dtype == XLLM_F32 ? 4 : 2;
    return static_cast<const char*>(kv.pool) + block * kv.block_stride + layer_offset +
           (head * kv.block_tokens + offset) * kv.head_size * element;
}

void store_vector(const xllm_kv_layer& kv, int64_t layer_offset, int64_t slot, int64_t head, const float* source) {
    char* address = const_cast<char*>(kv_address(kv, layer_offset, slot / kv.block_tokens, head, slot % kv.block_tokens));
    if (kv.dtype == XLLM_F32) {
        std::memcpy(address, source, static_cast<size_t>(kv.head_size) * sizeof(float));
        return;
    }

    uint16_t* result = reinterpret_cast<uint16_t*>(address);
    for (int c = 0; c < kv.head_size; ++c) {
        result[c] = f32_to_bf16(source[c]);
    }
}

// Positions [from, from + count) of one head's keys or values, and what is to be read after them.
struct Piece {
    int64_t layer_offset;
    int64_t from;
    int count;
    int64_t next_layer_offset;
    int64_t next_from;
    int next_count;
};

template <class Format>
void read_vectors(const xllm_kv_layer& kv, const int32_t* blocks, int64_t head, const Piece& piece, int64_t width, float* result) {
    constexpr int kCacheLine = 64;
    for (int i = 0; i < piece.count; ++i) {
        // A head's vectors lie in short runs, one per block, which the hardware's prefetching learns too late.
        if (i < piece.next_count) {
            const int64_t next = piece.next_from + i;
            const char* ahead = kv_address(kv, piece.next_layer_offset, blocks[next / kv.block_tokens], head, next % kv.block_tokens);
            for (int byte = 0; byte < kv.head_size * Format::kSize; byte += kCacheLine) {
                __builtin_prefetch(ahead + byte, 0, kIntoL2);
            }
        }

        const int64_t position = piece.from + i;
        const char* source = kv_address(kv, piece.layer_offset, blocks[position / kv.block_tokens], head, position % kv.block_tokens);
        int64_t c = 0;
        for (; c + kLanes <= kv.head_size; c += kLanes) {
            store(result + i * width + c, Format::load(source, c));
        }

        if (c < kv.head_size) {
            store(result + i * width + c, Format::load_first(source, c, static_cast<int>(kv.head_size - c)));
        }
    }
}

// The piece as F32 [count, width].
void read_piece(const xllm_kv_layer& kv, const int32_t* blocks, int64_t head, const Piece& piece, int64_t width, float* result) {
    if (kv.dtype == XLLM_F32) {
        read_vectors<F32Format>(kv, blocks, head, piece, width, result);
    } else {
        read_vectors<Bf16Format>(kv, blocks, head, piece, width, result);
    }
}

float exponential_of(float x) {
    float lanes[kLanes];
    store(lanes, exponential(broadcast(x)));
    return lanes[0];
}

// Turns the first limit scores of a query into shares of the softmax and brings maximum and total up to date.
void take_shares(float* scores, int limit, float& most, float& total, float& scaling) {
    const int end = (limit + kLanes - 1) / kLanes * kLanes;
    for (int p = limit; p < end; ++p) {
        scores[p] = -INFINITY;
    }

    F32x16 highest = broadcast(most);
    for (int p = 0; p < end; p += kLanes) {
        highest = maximum(highest, load(scores + p));
    }

    const float now = maximum_of_lanes(highest);
    scaling = exponential_of(most - now);
    most = now;

    F32x16 sum = zero();
    for (int p = 0; p < end; p += kLanes) {
        const F32x16 share = exponential(subtract(load(scores + p), broadcast(now)));
        store(scores + p, share);
        sum = add(sum, share);
    }

    total = total * scaling + sum_of_lanes(sum);
}

// sums[r][:] += shares[r][p] * values[p][:] for the positions [from, to), in their order.
template <int Rows, int Registers>
void add_values(const float* shares, const float* values, int64_t width, int from, int to, float* sums) {
    F32x16 accumulated[Rows][Registers];
#pragma GCC unroll 8
    for (int r = 0; r < Rows; ++r) {
#pragma GCC unroll 8
        for (int i = 0; i < Registers; ++i) {
            accumulated[r][i] = load(sums + r * width + i * kLanes);
        }
    }

    for (int p = from; p < to; ++p) {
        F32x16 value[Registers];
#pragma GCC unroll 8
        for (int i = 0; i < Registers; ++i) {
            value[i] = load(values + p * width + i * kLanes);
        }

#pragma GCC unroll 8
        for (int r = 0; r < Rows; ++r) {
            const F32x16 share = broadcast(shares[r * kPiece + p]);
#pragma GCC unroll 8
            for (int i = 0; i < Registers; ++i) {
                accumulated[r][i] = multiply_add(share, value[i], accumulated[r][i]);
            }
        }
    }

#pragma GCC unroll 8
    for (int r = 0; r < Rows; ++r) {
#pragma GCC unroll 8
        for (int i = 0; i < Registers; ++i) {
            store(sums + r * width + i * kLanes, accumulated[r][i]);
        }
    }
}

template <int Rows>
void add_values_of_rows(const float* shares, const float* values, int64_t width, int from, int to, float* sums) {
    int64_t c = 0;
    for (; c + kTileOutputs * kLanes <= width; c += kTileOutputs * kLanes) {
        add_values<Rows, kTileOutputs>(shares, values + c, width, from, to, sums + c);
    }

    for (; c < width; c += kLanes) {
        add_values<Rows, 1>(shares, values + c, width, from, to, sums + c);
    }
}

// The values of a piece, for all queries. Queries of later rows see more: a tile goes together as far as its first query sees, and
// the rest is added row by row.
void add_piece(const Scratch& scratch, const Shape& shape, int queries) {
    for (int i = 0; i < queries; ++i) {
        if (scratch.scaling[i] != 1.0f) {
            for (int64_t c = 0; c < shape.width; c += kLanes) {
                float* sums = scratch.sums + i * shape.width + c;
                store(sums, multiply(load(sums), broadcast(scratch.scaling[i])));
            }
        }
    }

    int i = 0;
    while (i < queries) {
        const float* shares = scratch.scores + i * kPiece;
        float* sums = scratch.sums + i * shape.width;
        const int together = scratch.limits[i];
        if (i + kTileRows > queries || together == 0) {
            add_values_of_rows<1>(shares, scratch.values, shape.width, 0, together, sums);
            ++i;
            continue;
        }

        add_values_of_rows<kTileRows>(shares, scratch.values, shape.width, 0, together, sums);
        for (int r = 1; r < kTileRows; ++r) {
            if (scratch.limits[i + r] > together) {
                add_values_of_rows<1>(shares + r * kPiece, scratch.values, shape.width, together, scratch.limits[i + r],
                                      sums + r * shape.width);
            }
        }

        i += kTileRows;
    }
}

// A unit: the rows [first, first + rows) of a step, which are at the positions [position, position + rows) of their sequence.
struct Unit {
    int64_t first;
    int rows;
    int64_t position;
    const int32_t* blocks;
    int head;
};

void attend(const xllm_tensor& q, const xllm_kv_layer& kv, const Shape& shape, float scale, const Unit& unit, const Scratch& scratch,
            const xllm_tensor& y) {
    const int size = kv.head_size;
    const int queries = unit.rows * shape.group;

    // 1. The queries, scaled and side by side.
    for (int i = 0; i < queries; ++i) {
        const float* source = row<const float>(q, unit.first + i / shape.group) + (unit.head * shape.group + i % shape.group) * size;
        for (int64_t c = 0; c < shape.width; c += kLanes) {
            const int count = static_cast<int>(size - c < kLanes ? size - c : kLanes);
            store(scratch.q + i * shape.width + c, multiply(load_up_to(source + c, count), broadcast(scale)));
            store(scratch.sums + i * shape.width + c, zero());
        }

        scratch.most[i] = -INFINITY;
        scratch.total[i] = 0;
    }

    // 2. Piece by piece, as far as the last row sees.
    const int64_t visible = unit.position + unit.rows;
    for (int64_t from = 0; from < visible; from += kPiece) {
        const int count = static_cast<int>(visible - from < kPiece ? visible - from : kPiece);
        const int64_t rest = visible - from - count;
        const Piece keys = {kv.key_offset, from, count, kv.value_offset, from, count};
        const Piece values = {kv.value_offset, from, count, kv.key_offset, from + kPiece, static_cast<int>(rest < kPiece ? rest : kPiece)};
        read_piece(kv, unit.blocks, unit.head, keys, shape.width, scratch.keys);
        read_piece(kv, unit.blocks, unit.head, values, shape.width, scratch.values);
        dot_products<ScratchFormat>(scratch.q, shape.width, queries, reinterpret_cast<const char*>(scratch.keys),
                                    shape.width * static_cast<int64_t>(sizeof(float)), shape.width, count, scratch.scores, kPiece);
        for (int i = 0; i < queries; ++i) {
            const int64_t seen = unit.position + i / shape.group + 1 - from;
            scratch.limits[i] = static_cast<int>(seen < 0 ? 0 : seen < count ? seen : count);
            scratch.scaling[i] = 1;
            if (scratch.limits[i] > 0) {
                take_shares(scratch.scores + i * kPiece, scratch.limits[i], scratch.most[i], scratch.total[i], scratch.scaling[i]);
            }
        }

        add_piece(scratch, shape, queries);
    }

    // 3. The shares of each query sum to one.
    for (int i = 0; i < queries; ++i) {
        float* result = row<float>(y, unit.first + i / shape.group) + (unit.head * shape.group + i % shape.group) * size;
        for (int64_t c = 0; c < size; c += kLanes) {
            const int count = static_cast<int>(size - c < kLanes ? size - c : kLanes);
            store_up_to(result + c, divide(load(scratch.sums + i * shape.width + c), broadcast(scratch.total[i])), count);
        }
    }
}

}  // namespace

void paged_attention(ThreadPool& threads, const xllm_tensor& q, const xllm_tensor& k, const xllm_tensor& v, const xllm_kv_layer& kv,
                     const xllm_attention_batch& batch, const xllm_head_layout& heads, float scale, const xllm_tensor& y) {
    // 1. Store everything before anything is read: a row sees rows of its own step.
    const int32_t* slots = row<const int32_t>(batch.slots, 0);
    for_each_row(threads, q.rows, 2 * k.columns, [&](int64_t r) {
        for (int64_t head = 0; head < heads.kv_heads; ++head) {
            store_vector(kv, kv.key_offset, slots[r], head, row<const float>(k, r) + head * heads.head_size);
            store_vector(kv, kv.value_offset, slots[r], head, row<const float>(v, r) + head * heads.head_size);
        }
    });

    // 2. Divide the rows into units.
    Shape shape;
    shape.group = heads.query_heads / heads.kv_heads;
    shape.rows_of_unit = shape.group < kQueries ? kQueries / shape.group : 1;
    shape.queries = shape.group * shape.rows_of_unit;
    shape.width = (heads.head_size + kLanes - 1) / kLanes * kLanes;
    threads.reserve_scratch(Scratch::bytes(shape));

    const int32_t* starts = row<const int32_t>(batch.row_starts, 0);
    const int32_t* contexts = row<const int32_t>(batch.context_lengths, 0);
    const auto tiles_of = [&](int64_t s) { return (starts[s + 1] - starts[s] + shape.rows_of_unit - 1) / shape.rows_of_unit; };
    int64_t tiles = 0;
    for (int64_t s = 0; s < batch.context_lengths.columns; ++s) {
        tiles += tiles_of(s);
    }

    // 3. The last tiles of a sequence see most, so they go first: the threads then end together.
    for_each(threads, tiles * heads.kv_heads, [&](int64_t piece, int thread) {
        int64_t tile = tiles - 1 - piece / heads.kv_heads;
        int64_t s = 0;
        while (tile >= tiles_of(s)) {
            tile -= tiles_of(s++);
        }

        const int64_t rows = starts[s + 1] - starts[s];
        const int64_t skipped = tile * shape.rows_of_unit;
        Unit unit;
        unit.first = starts[s] + skipped;
        unit.rows = static_cast<int>(rows - skipped < shape.rows_of_unit ? rows - skipped : shape.rows_of_unit);
        unit.position = contexts[s] - rows + skipped;
        unit.blocks = row<const int32_t>(batch.block_tables, s);
        unit.head = static_cast<int>(piece % heads.kv_heads);
        attend(q, kv, shape, scale, unit, Scratch(threads.scratch(thread), shape), y);
    });
}

}  // namespace xllm::cpu::XLLM_ISA

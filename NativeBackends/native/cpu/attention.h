// What the attentions share: how queries go over their positions, whatever lies there.
//
// A unit of work is some rows of a sequence and some query heads that read the same keys and values: all of them read each key and value
// once, as F32 in L2. Units are independent.
//
// What makes a row's bits independent of chunking and batching (decision D2): it goes over what it sees in pieces of 64, counted from
// the start; in a piece it adds in order; what it sees is decided by its own position alone. What it does not see is not touched: not
// even times zero, which would let a NaN through. The softmax is online: when a piece brings a new maximum, the sums so far are scaled
// down to it.
//
// Source: Milakov and Gimelshein 2018, arXiv:1805.02867 (online softmax).
#pragma once

#include <cmath>

#include "cpu/exponential.h"
#include "cpu/kernels.h"
#include "cpu/row_pieces.h"
#include "cpu/tile.h"

namespace xllm::cpu::XLLM_ISA {

// Positions of a piece. Part of the results: another number gives other last bits.
constexpr int kPiece = 64;

// Queries (rows times query heads of a KV head) of a unit, where the head count allows: a multiple of every tile height. With heads
// of 128 columns the unit's scratch is 125 KiB, which leaves room in an L2 of 512 KiB.
constexpr int kQueries = 48;

struct AttentionShape {
    int key_columns;
    int value_columns;
    bool values_in_keys;  // a value is the first columns of its key
    int group;            // query heads of a unit, which read the same keys and values
    int rows_of_unit;     // at least 1
    int queries;          // group * rows_of_unit

    // Columns rounded up to whole registers. The columns of keys past key_columns are zeros.
    int64_t width;
    int64_t value_width;

    AttentionShape(int keys, int values, bool in_keys, int heads)
        : key_columns(keys),
          value_columns(values),
          values_in_keys(in_keys),
          group(heads),
          rows_of_unit(heads < kQueries ? kQueries / heads : 1),
          queries(group * rows_of_unit),
          width((keys + kLanes - 1) / kLanes * kLanes),
          value_width((values + kLanes - 1) / kLanes * kLanes) {}

    int64_t value_stride() const { return values_in_keys ? width : value_width; }
};

// One thread's scratch memory.
struct AttentionScratch {
    float* q;        // [queries, width], times the scale
    float* keys;     // [kPiece, width]
    float* values;   // [kPiece, value stride]
    float* scores;   // [queries, kPiece]
    float* sums;     // [queries, value width]: values times shares, so far
    float* most;     // [queries]: largest score so far
    float* total;    // [queries]: sum of shares so far
    float* scaling;  // [queries]: what the sums so far are to be multiplied by
    int* limits;     // [queries]: positions of the piece that the query sees

    AttentionScratch(void* memory, const AttentionShape& shape) {
        float* next = static_cast<float*>(memory);
        const auto take = [&](int64_t count) {
            float* taken = next;
            next += (count + kLanes - 1) / kLanes * kLanes;
            return taken;
        };
        q = take(shape.queries * shape.width);
        keys = take(kPiece * shape.width);
        values = shape.values_in_keys ? keys : take(kPiece * shape.value_width);
        scores = take(int64_t{shape.queries} * kPiece);
        sums = take(shape.queries * shape.value_width);
        most = take(shape.queries);
        total = take(shape.queries);
        scaling = take(shape.queries);
        limits = reinterpret_cast<int*>(take(shape.queries));
    }

    static size_t bytes(const AttentionShape& shape) {
        const int64_t matrices = (int64_t{shape.queries} + kPiece) * (shape.width + shape.value_width) + int64_t{shape.queries} * kPiece;
        return static_cast<size_t>(matrices + 4 * (int64_t{shape.queries} + kLanes)) * sizeof(float);
    }
};

// Before the codes of an I8 vector.
constexpr int kScaleBytes = 4;

// A vector of keys or values in I8: its scale, then a code per column. Ops/KvLayer.cs says how both are made.
struct I8VectorFormat {
    static F32x16 scaled(const char* vector, const void* codes) {
        float scale;
        std::memcpy(&scale, vector, kScaleBytes);
        return multiply(signed_to_f32(load_bytes(codes)), broadcast(scale));
    }

    static F32x16 load(const char* vector, int64_t at) { return scaled(vector, vector + kScaleBytes + at); }

    // The codes above are 0, and stay so unless the scale is NaN: then the columns that fill up a register are to be 0 all the same.
    static F32x16 load_first(const char* vector, int64_t at, int count) {
        alignas(16) char codes[kLanes] = {};
        float lanes[kLanes] = {};
        std::memcpy(codes, vector + kScaleBytes + at, static_cast<size_t>(count));
        store_first(lanes, scaled(vector, codes), count);
        return xllm::cpu::XLLM_ISA::load(lanes);
    }

    static constexpr int kSize = 1;
};

static inline const char* kv_address(const xllm_kv_layer& kv, int64_t layer_offset, int64_t block, int64_t head, int64_t offset) {
    const int64_t vector = kv.dtype == XLLM_I8 ? kv.head_size + kScaleBytes : int64_t{kv.head_size} * (kv.dtype == XLLM_F32 ? 4 : 2);
    return static_cast<const char*>(kv.pool) + block * kv.block_stride + layer_offset + (head * kv.block_tokens + offset) * vector;
}

static inline void store_codes(const float* source, int columns, char* result) {
    float most = 0;
    bool finite = true;
    for (int c = 0; c < columns; ++c) {
        const float magnitude = source[c] < 0 ? -source[c] : source[c];
        finite = finite && magnitude < INFINITY;
        most = magnitude > most ? magnitude : most;
    }

    const float scale = finite ? most / 127.0f : bits_to_f32(0x7FC00000u);
    std::memcpy(result, &scale, kScaleBytes);
    int8_t* codes = reinterpret_cast<int8_t*>(result + kScaleBytes);
    for (int c = 0; c < columns; ++c) {
        // A vector of the smallest numbers has a scale so coarse that a quotient may pass 127.
        const float code = scale > 0 ? __builtin_rintf(source[c] / scale) : 0.0f;
        codes[c] = static_cast<int8_t>(code > 127.0f ? 127.0f : code < -127.0f ? -127.0f : code);
    }
}

static inline void store_vector(const xllm_kv_layer& kv, int64_t layer_offset, int64_t slot, int64_t head, const float* source) {
    char* address = const_cast<char*>(kv_address(kv, layer_offset, slot / kv.block_tokens, head, slot % kv.block_tokens));
    if (kv.dtype == XLLM_F32) {
        std::memcpy(address, source, static_cast<size_t>(kv.head_size) * sizeof(float));
        return;
    }

    if (kv.dtype == XLLM_I8) {
        store_codes(source, kv.head_size, address);
        return;
    }

    uint16_t* result = reinterpret_cast<uint16_t*>(address);
    for (int c = 0; c < kv.head_size; ++c) {
        result[c] = f32_to_bf16(source[c]);
    }
}

// Entries [from, from + count) of what a unit goes over, in one head's keys or values, and what is to be read after them.
struct AttentionPiece {
    int64_t layer_offset;
    int64_t from;
    int count;
    int64_t next_layer_offset;
    int64_t next_from;
    int next_count;
};

template <class Format, class PositionOf>
static inline void read_vectors(const xllm_kv_layer& kv, const int32_t* blocks, int64_t head, const AttentionPiece& piece,
                                PositionOf position_of, int64_t width, float* result) {
    constexpr int kCacheLine = 64;
    for (int i = 0; i < piece.count; ++i) {
        // A head's vectors lie in short runs, one per block, which the hardware's prefetching learns too late.
        if (i < piece.next_count) {
            const int64_t next = position_of(piece.next_from + i);
            const char* ahead = kv_address(kv, piece.next_layer_offset, blocks[next / kv.block_tokens], head, next % kv.block_tokens);
            for (int byte = 0; byte < kv.head_size * Format::kSize; byte += kCacheLine) {
                __builtin_prefetch(ahead + byte, 0, kIntoL2);
            }
        }

        const int64_t position = position_of(piece.from + i);
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
//   position_of  (entry) -> its position in the sequence
template <class PositionOf>
static inline void read_piece(const xllm_kv_layer& kv, const int32_t* blocks, int64_t head, const AttentionPiece& piece,
                              PositionOf position_of, int64_t width, float* result) {
    if (kv.dtype == XLLM_F32) {
        read_vectors<F32Format>(kv, blocks, head, piece, position_of, width, result);
    } else if (kv.dtype == XLLM_I8) {
        read_vectors<I8VectorFormat>(kv, blocks, head, piece, position_of, width, result);
    } else {
        read_vectors<Bf16Format>(kv, blocks, head, piece, position_of, width, result);
    }
}

static inline float exponential_of(float x) {
    float lanes[kLanes];
    store(lanes, exponential(broadcast(x)));
    return lanes[0];
}

// Turns the first limit scores of a query into shares of the softmax and brings maximum and total up to date.
static inline void take_shares(float* scores, int limit, float& most, float& total, float& scaling) {
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
static inline void add_values(const float* shares, const float* values, int64_t value_stride, int from, int to, float* sums, int64_t width) {
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
            value[i] = load(values + p * value_stride + i * kLanes);
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
static inline void add_values_of_rows(const float* shares, const float* values, int64_t value_stride, int from, int to, float* sums,
                                      int64_t width) {
    int64_t c = 0;
    for (; c + kTileOutputs * kLanes <= width; c += kTileOutputs * kLanes) {
        add_values<Rows, kTileOutputs>(shares, values + c, value_stride, from, to, sums + c, width);
    }

    for (; c < width; c += kLanes) {
        add_values<Rows, 1>(shares, values + c, value_stride, from, to, sums + c, width);
    }
}

// The values of a piece, for all queries. Queries of later rows see more: a tile goes together as far as its first query sees, and
// the rest is added row by row.
static inline void add_piece(const AttentionScratch& scratch, const AttentionShape& shape, int queries) {
    const int64_t width = shape.value_width;
    const int64_t stride = shape.value_stride();
    for (int i = 0; i < queries; ++i) {
        if (scratch.scaling[i] != 1.0f) {
            for (int64_t c = 0; c < width; c += kLanes) {
                float* sums = scratch.sums + i * width + c;
                store(sums, multiply(load(sums), broadcast(scratch.scaling[i])));
            }
        }
    }

    int i = 0;
    while (i < queries) {
        const float* shares = scratch.scores + i * kPiece;
        float* sums = scratch.sums + i * width;
        const int together = scratch.limits[i];
        if (i + kTileRows > queries || together == 0) {
            add_values_of_rows<1>(shares, scratch.values, stride, 0, together, sums, width);
            ++i;
            continue;
        }

        add_values_of_rows<kTileRows>(shares, scratch.values, stride, 0, together, sums, width);
        for (int r = 1; r < kTileRows; ++r) {
            if (scratch.limits[i + r] > together) {
                add_values_of_rows<1>(shares + r * kPiece, scratch.values, stride, together, scratch.limits[i + r], sums + r * width,
                                      width);
            }
        }

        i += kTileRows;
    }
}

// Some rows and query heads of a step that go over the same list of keys and values.
struct AttentionUnit {
    int64_t first;     // row of the step
    int rows;
    int query_head;    // the first
    int heads;         // at most the shape's group
    int64_t seen;      // entries of the list that the first row sees
    int64_t more = 1;  // how many more every further row sees: 0 where no row is later than another
};

// One unit: y = softmax(scale * q . k) v for its rows and heads.
//   read  (from, count, next): puts the list's entries [from, from + count) into scratch.keys and scratch.values; next follow them
template <class Read>
static inline void attend(const xllm_tensor& q, const AttentionShape& shape, float scale, const AttentionUnit& unit,
                          const AttentionScratch& scratch, const xllm_tensor& y, Read&& read) {
    const int queries = unit.rows * unit.heads;

    // 1. The queries, scaled and side by side.
    for (int i = 0; i < queries; ++i) {
        const float* source = row<const float>(q, unit.first + i / unit.heads) + (unit.query_head + i % unit.heads) * shape.key_columns;
        for (int64_t c = 0; c < shape.width; c += kLanes) {
            const int count = static_cast<int>(shape.key_columns - c < kLanes ? shape.key_columns - c : kLanes);
            store(scratch.q + i * shape.width + c, multiply(load_up_to(source + c, count), broadcast(scale)));
        }

        for (int64_t c = 0; c < shape.value_width; c += kLanes) {
            store(scratch.sums + i * shape.value_width + c, zero());
        }

        scratch.most[i] = -INFINITY;
        scratch.total[i] = 0;
    }

    // 2. Piece by piece, as far as the last row sees.
    const int64_t visible = unit.seen + unit.more * (unit.rows - 1);
    for (int64_t from = 0; from < visible; from += kPiece) {
        const int count = static_cast<int>(visible - from < kPiece ? visible - from : kPiece);
        const int64_t rest = visible - from - count;
        read(from, count, static_cast<int>(rest < kPiece ? rest : kPiece));
        scratch_dot_products(scratch.q, shape.width, queries, scratch.keys, shape.width, shape.width, count, scratch.scores, kPiece);
        for (int i = 0; i < queries; ++i) {
            const int64_t seen = unit.seen + unit.more * (i / unit.heads) - from;
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
        float* result = row<float>(y, unit.first + i / unit.heads) + (unit.query_head + i % unit.heads) * shape.value_columns;
        for (int64_t c = 0; c < shape.value_columns; c += kLanes) {
            const int count = static_cast<int>(shape.value_columns - c < kLanes ? shape.value_columns - c : kLanes);
            store_up_to(result + c, divide(load(scratch.sums + i * shape.value_width + c), broadcast(scratch.total[i])), count);
        }
    }
}

// body(sequence, first row, rows, position of the first row, thread, part) for every part of every tile of rows. The last
// tiles of a sequence see most, so they go first: the threads then end together.
template <class Body>
static inline void for_each_tile(ThreadPool& threads, const xllm_attention_batch& batch, int rows_of_tile, int64_t parts, Body&& body) {
    const int32_t* starts = row<const int32_t>(batch.row_starts, 0);
    const int32_t* contexts = row<const int32_t>(batch.context_lengths, 0);
    const auto tiles_of = [&](int64_t s) { return (starts[s + 1] - starts[s] + rows_of_tile - 1) / rows_of_tile; };
    int64_t tiles = 0;
    for (int64_t s = 0; s < batch.context_lengths.columns; ++s) {
        tiles += tiles_of(s);
    }

    for_each(threads, tiles * parts, [&](int64_t piece, int thread) {
        int64_t tile = tiles - 1 - piece / parts;
        int64_t s = 0;
        while (tile >= tiles_of(s)) {
            tile -= tiles_of(s++);
        }

        const int64_t rows = starts[s + 1] - starts[s];
        const int64_t skipped = tile * rows_of_tile;
        const int count = static_cast<int>(rows - skipped < rows_of_tile ? rows - skipped : rows_of_tile);
        body(s, starts[s] + skipped, count, contexts[s] - rows + skipped, thread, static_cast<int>(piece % parts));
    });
}

}  // namespace xllm::cpu::XLLM_ISA

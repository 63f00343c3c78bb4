// Formats whose codes have scales beside them: F8E4M3, I8, I4. Ops/WeightFormat.cs says what a code means.
//
// A coded format is a struct like these:
//   kStep        columns that are loaded together
//   run_columns  columns of a run: they share what they need, a scale or a table; the last run of a row may be shorter
//   Row, row     where a row's parts begin
//   Run, run     what the numbered run of a row needs
//   load<Part>   sixteen columns of a run, as F32: those at the given place + 16 * Part
//   kStepBytes   bytes of the codes of a step
//   Tail         a run's last columns, fewer than kStep, where they can be read whole
// From these come the product (coded_tile.h) and the rows as F32 (dequantize.cpp), so that both have the same numbers.
#pragma once

#include "common/tensor_view.h"
#include "cpu/simd.h"

namespace xllm::cpu::XLLM_ISA {

// What the three have in common: one scale is for a block of rows and columns.
struct ScaledFormat {
    struct Row {
        const char* codes;
        const float* scales;
        const void* zeros;      // or null
    };

    static int64_t run_columns(const xllm_weight& weight) { return weight.column_block; }

    static Row row(const xllm_weight& weight, int64_t r) {
        const int64_t blocks_of_row = (int64_t{weight.columns} + weight.column_block - 1) / weight.column_block;
        const int64_t first = r / weight.row_block * blocks_of_row;
        return {weight_row(weight, r), weight.scales + first, weight.zeros == nullptr ? nullptr : static_cast<const char*>(weight.zeros) + first};
    }
};

// A byte per code. The page after a mapped file is not there, so the tail is copied before it is read.
struct ByteTail {
    alignas(16) char codes[kLanes] = {};

    ByteTail(const char* from, int64_t at, int count) { std::memcpy(codes, from + at, static_cast<size_t>(count)); }
};

struct F8e4m3Format : ScaledFormat {
    static constexpr int kStep = kLanes;
    static constexpr int64_t kStepBytes = kLanes;

    struct Run {
        const char* codes;
        F32x16 scale;

        template <int>
        F32x16 load(int64_t at) const {
            return f8e4m3_scaled(load_bytes(codes + at), scale);
        }
    };

    // 2^8 belongs to the code (f8e4m3_to_f16_bits). With the scale it rounds the same, being a power of two.
    static Run run(const Row& row, int64_t number, int64_t column) { return {row.codes + column, broadcast(row.scales[number] * 256.0f)}; }

    struct Tail : ByteTail {
        Run run;
        Tail(const Run& whole, int64_t at, int count) : ByteTail(whole.codes, at, count), run{codes, whole.scale} {}
    };
};

struct I8Format : ScaledFormat {
    static constexpr int kStep = kLanes;
    static constexpr int64_t kStepBytes = kLanes;

    struct Run {
        const char* codes;
        F32x16 scale;
        F32x16 zero;

        template <int>
        F32x16 load(int64_t at) const {
            return multiply(subtract(signed_to_f32(load_bytes(codes + at)), zero), scale);
        }
    };

    static Run run(const Row& row, int64_t number, int64_t column) {
        const float zero = row.zeros == nullptr ? 0.0f : static_cast<float>(static_cast<const int8_t*>(row.zeros)[number]);
        return {row.codes + column, broadcast(row.scales[number]), broadcast(zero)};
    }

    struct Tail : ByteTail {
        Run run;
        Tail(const Run& whole, int64_t at, int count) : ByteTail(whole.codes, at, count), run{codes, whole.scale, whole.zero} {}
    };
};

// With sixteen codes, all that a block can hold is a table in one register. Rows are filled up to whole units of 32.
struct I4Format : ScaledFormat {
    static constexpr int kStep = 2 * kLanes;
    static constexpr int64_t kStepBytes = kLanes;

    struct Run {
        const char* codes;
        F32x16 table;

        template <int Part>
        F32x16 load(int64_t at) const {
            const Bytes16 halves = load_bytes(codes + at / 2);
            return look_up(table, Part == 0 ? halves : shifted_right<4>(halves));
        }
    };

    static Run run(const Row& row, int64_t number, int64_t column) {
        const float zero = row.zeros == nullptr ? 8.0f : static_cast<float>(static_cast<const uint8_t*>(row.zeros)[number]);
        return {row.codes + column / 2, multiply(subtract(lane_numbers(), broadcast(zero)), broadcast(row.scales[number]))};
    }

    struct Tail {
        Run run;
        Tail(const Run& whole, int64_t at, int) : run{whole.codes + at / 2, whole.table} {}
    };
};

}  // namespace xllm::cpu::XLLM_ISA

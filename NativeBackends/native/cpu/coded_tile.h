// Dot products of one row with weights that are not dense, converted in registers. The order of a sum is that of tile.h.
//
// One row alone: with two, writing the numbers to L1 once and reading them for both costs little (linear.cpp), and eight formats times
// six heights of a tile were half of what the compiler had to do for this library.
#pragma once

#include "cpu/coded_formats.h"
#include "cpu/tile.h"

namespace xllm::cpu::XLLM_ISA {

// Adds the products of one step's columns, sixteen at a time.
template <class Format, int Outputs, int Part = 0>
static inline __attribute__((always_inline)) void add_parts(const float* x, const typename Format::Run (&runs)[Outputs], int64_t at,
                                                            F32x16 (&sums)[1][Outputs]) {
    if constexpr (Part < Format::kStep / kLanes) {
        F32x16 weights[Outputs];
#pragma GCC unroll 8
        for (int o = 0; o < Outputs; ++o) {
            weights[o] = runs[o].template load<Part>(at);
        }

        const F32x16 row = load(x + kLanes * Part);
#pragma GCC unroll 8
        for (int o = 0; o < Outputs; ++o) {
            sums[0][o] = multiply_add(row, weights[o], sums[0][o]);
        }

        add_parts<Format, Outputs, Part + 1>(x, runs, at, sums);
    }
}

// Adds the products of the last columns, fewer than a step.
template <class Format, int Outputs>
static inline void add_tail(const float* x, const typename Format::Run (&runs)[Outputs], int64_t at, int count, F32x16 (&sums)[1][Outputs]) {
    alignas(64) float columns[Outputs][Format::kStep];
    for (int o = 0; o < Outputs; ++o) {
        load_tail<Format>(runs[o], at, count, columns[o]);
    }

    tile_columns<ScratchFormat, 1, Outputs>(x, 0, reinterpret_cast<const char*>(columns), sizeof columns[0], 0, count, sums);
}

// Asks for the bytes of one step, of the rows that come after this tile's: see kRowsAhead.
template <class Format, int Outputs>
static inline __attribute__((always_inline)) void ask_ahead(const char* rows, int64_t at, int64_t row_bytes) {
    constexpr int64_t kLine = 64;
#pragma GCC unroll 8
    for (int o = 0; o < Outputs; ++o) {
#pragma GCC unroll 8
        for (int64_t byte = 0; byte < Format::kStepBytes; byte += kLine) {
            __builtin_prefetch(rows + o * row_bytes + at + byte, 0, kIntoL2);
        }
    }
}

template <class Format, int Outputs>
static inline void coded_tile(const float* x, const xllm_weight& weight, int64_t first, float* y) {
    typename Format::Row rows[Outputs];
    for (int o = 0; o < Outputs; ++o) {
        rows[o] = Format::row(weight, first + o);
    }

    F32x16 sums[1][Outputs];
    clear_sums(sums);
    const int64_t run_columns = Format::run_columns(weight);
    const int64_t bytes = row_bytes(weight);
    const char* later = weight_row(weight, first + kRowsAhead);
    for (int64_t number = 0, from = 0; from < weight.columns; ++number, from += run_columns) {
        const int64_t end = from + run_columns < weight.columns ? from + run_columns : weight.columns;
        typename Format::Run runs[Outputs];
#pragma GCC unroll 8
        for (int o = 0; o < Outputs; ++o) {
            runs[o] = Format::run(rows[o], number, from);
        }

        int64_t k = from;
        for (; k + Format::kStep <= end; k += Format::kStep) {
            ask_ahead<Format, Outputs>(later, k / Format::kStep * Format::kStepBytes, bytes);
            add_parts<Format, Outputs>(x + k, runs, k - from, sums);
        }

        if (k < end) {
            add_tail<Format, Outputs>(x + k, runs, k - from, static_cast<int>(end - k), sums);
        }
    }

    store_sums(sums, y, 0);
}

// All dot products of one row with some outputs of a weight.
//   x  [columns] in the order in which the weight stores its columns
template <class Format>
static inline void coded_dot_products(const float* x, const xllm_weight& weight, int64_t first, int outputs, float* y) {
    int o = 0;
    for (; o + kTileOutputs <= outputs; o += kTileOutputs) {
        coded_tile<Format, kTileOutputs>(x, weight, first + o, y + o);
    }

    for (; o < outputs; ++o) {
        coded_tile<Format, 1>(x, weight, first + o, y + o);
    }
}

}  // namespace xllm::cpu::XLLM_ISA

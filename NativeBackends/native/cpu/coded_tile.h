// Dot products of a few rows with weights that are not dense, converted in registers. The order of a sum is that of tile.h.
#pragma once

#include "cpu/coded_formats.h"
#include "cpu/tile.h"

namespace xllm::cpu::XLLM_ISA {

// Adds the products of one step's columns, sixteen at a time.
template <class Format, int Rows, int Outputs, int Part = 0>
static inline __attribute__((always_inline)) void add_parts(const float* x, int64_t x_stride, const typename Format::Run (&runs)[Outputs],
                                                            int64_t at, F32x16 (&sums)[Rows][Outputs]) {
    if constexpr (Part < Format::kStep / kLanes) {
        F32x16 weights[Outputs];
#pragma GCC unroll 8
        for (int o = 0; o < Outputs; ++o) {
            weights[o] = runs[o].template load<Part>(at);
        }

#pragma GCC unroll 8
        for (int r = 0; r < Rows; ++r) {
            const F32x16 row = load(x + r * x_stride + kLanes * Part);
#pragma GCC unroll 8
            for (int o = 0; o < Outputs; ++o) {
                sums[r][o] = multiply_add(row, weights[o], sums[r][o]);
            }
        }

        add_parts<Format, Rows, Outputs, Part + 1>(x, x_stride, runs, at, sums);
    }
}

// Adds the products of the last columns, fewer than a step.
template <class Format, int Rows, int Outputs>
static inline void add_tail(const float* x, int64_t x_stride, const typename Format::Run (&runs)[Outputs], int64_t at, int count,
                            F32x16 (&sums)[Rows][Outputs]) {
    alignas(64) float columns[Outputs][Format::kStep];
    for (int o = 0; o < Outputs; ++o) {
        load_tail<Format>(runs[o], at, count, columns[o]);
    }

    tile_columns<ScratchFormat, Rows, Outputs>(x, x_stride, reinterpret_cast<const char*>(columns), sizeof columns[0], 0, count, sums);
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

template <class Format, int Rows, int Outputs>
static inline void coded_tile(const float* x, int64_t x_stride, const xllm_weight& weight, int64_t first, float* y, int64_t y_stride) {
    typename Format::Row rows[Outputs];
    for (int o = 0; o < Outputs; ++o) {
        rows[o] = Format::row(weight, first + o);
    }

    F32x16 sums[Rows][Outputs];
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
            add_parts<Format, Rows, Outputs>(x + k, x_stride, runs, k - from, sums);
        }

        if (k < end) {
            add_tail<Format, Rows, Outputs>(x + k, x_stride, runs, k - from, static_cast<int>(end - k), sums);
        }
    }

    store_sums(sums, y, y_stride);
}

template <class Format, int Rows>
static inline void coded_tile_of_outputs(const float* x, int64_t x_stride, const xllm_weight& weight, int64_t first, int outputs, float* y,
                                         int64_t y_stride) {
    int o = 0;
    for (; o + kTileOutputs <= outputs; o += kTileOutputs) {
        coded_tile<Format, Rows, kTileOutputs>(x, x_stride, weight, first + o, y + o, y_stride);
    }

    for (; o < outputs; ++o) {
        coded_tile<Format, Rows, 1>(x, x_stride, weight, first + o, y + o, y_stride);
    }
}

// All dot products of up to kTileRows rows with some outputs of a weight.
//   x  [rows, columns] in the order in which the weight stores its columns
template <class Format, int Rows = kTileRows>
static inline void coded_dot_products(const float* x, int64_t x_stride, int64_t rows, const xllm_weight& weight, int64_t first, int outputs,
                                      float* y, int64_t y_stride) {
    if constexpr (Rows > 0) {
        if (rows == Rows) {
            coded_tile_of_outputs<Format, Rows>(x, x_stride, weight, first, outputs, y, y_stride);
        } else {
            coded_dot_products<Format, Rows - 1>(x, x_stride, rows, weight, first, outputs, y, y_stride);
        }
    }
}

}  // namespace xllm::cpu::XLLM_ISA

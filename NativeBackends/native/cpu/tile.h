// A register tile of dot products: y[r][o] = sum over k of x[r][k] * w[o][k] for a few rows and outputs at once.
//
// The order of a sum (this is the promise of decision D2, and no caller can break it): lane l adds the products of k = l, l + 16,
// l + 32, ... one after the other with fused multiply-add, starting from 0; then sum_of_lanes adds the lanes. A tile's shape, the
// number of rows, and whether weights come as F32 scratch or as the format itself change which sums are in flight, never a sum.
#pragma once

#include "cpu/simd.h"
#include "cpu/weight_formats.h"

namespace xllm::cpu::XLLM_ISA {

// Weights that pass once are asked for this many rows before their use: the next tile's. The hardware's own prefetching follows neither
// several rows at once nor the step to the next tile. Measured on Zen 4, one thread, 1,024 inputs in BF16, 1 and 4 rows: 11 and
// 7.5 GB/s without, 22 and 24 GB/s with; into L1 instead of L2 it does not help.
constexpr int kRowsAhead = 4;
constexpr int kIntoL2 = 2;

// Adds the products of the columns [from, to) to the sums; from is a multiple of 16.
//   x       Rows rows, x_stride floats apart
//   w       Outputs rows in the given format, w_stride bytes apart
template <class Format, int Rows, int Outputs>
static inline __attribute__((always_inline)) void tile_columns(const float* x, int64_t x_stride, const char* w, int64_t w_stride,
                                                               int64_t from, int64_t to, F32x16 (&sums)[Rows][Outputs]) {
    int64_t k = from;
    for (; k + kLanes <= to; k += kLanes) {
        F32x16 weights[Outputs];
#pragma GCC unroll 8
        for (int o = 0; o < Outputs; ++o) {
            if constexpr (Format::kFromMemory) {
                __builtin_prefetch(w + (o + kRowsAhead) * w_stride + k * Format::kSize, 0, kIntoL2);
            }

            weights[o] = Format::load(w + o * w_stride, k);
        }

#pragma GCC unroll 8
        for (int r = 0; r < Rows; ++r) {
            const F32x16 row = load(x + r * x_stride + k);
#pragma GCC unroll 8
            for (int o = 0; o < Outputs; ++o) {
                sums[r][o] = multiply_add(row, weights[o], sums[r][o]);
            }
        }
    }

    if (k < to) {
        const int count = static_cast<int>(to - k);
        F32x16 weights[Outputs];
        for (int o = 0; o < Outputs; ++o) {
            weights[o] = Format::load_first(w + o * w_stride, k, count);
        }

        for (int r = 0; r < Rows; ++r) {
            const F32x16 row = load_first(x + r * x_stride + k, count);
            for (int o = 0; o < Outputs; ++o) {
                sums[r][o] = multiply_add(row, weights[o], sums[r][o]);
            }
        }
    }
}

template <int Rows, int Outputs>
static inline __attribute__((always_inline)) void clear_sums(F32x16 (&sums)[Rows][Outputs]) {
#pragma GCC unroll 8
    for (int r = 0; r < Rows; ++r) {
#pragma GCC unroll 8
        for (int o = 0; o < Outputs; ++o) {
            sums[r][o] = zero();
        }
    }
}

template <int Rows, int Outputs>
static inline __attribute__((always_inline)) void store_sums(const F32x16 (&sums)[Rows][Outputs], float* y, int64_t y_stride) {
#pragma GCC unroll 8
    for (int r = 0; r < Rows; ++r) {
        if constexpr (Outputs == 4) {
            sums_of_lanes_4(sums[r], y + r * y_stride);
        } else {
#pragma GCC unroll 8
            for (int o = 0; o < Outputs; ++o) {
                y[r * y_stride + o] = sum_of_lanes(sums[r][o]);
            }
        }
    }
}

// The whole tile.
//   y  Rows rows, y_stride floats apart; Outputs results each
template <class Format, int Rows, int Outputs>
static inline void tile(const float* x, int64_t x_stride, const char* w, int64_t w_stride, int64_t columns, float* y, int64_t y_stride) {
    F32x16 sums[Rows][Outputs];
    clear_sums(sums);
    tile_columns<Format, Rows, Outputs>(x, x_stride, w, w_stride, 0, columns, sums);
    store_sums(sums, y, y_stride);
}

template <class Format, int Rows>
static inline void tile_of_outputs(const float* x, int64_t x_stride, const char* w, int64_t w_stride, int64_t columns, int outputs,
                                   float* y, int64_t y_stride) {
    int o = 0;
    for (; o + kTileOutputs <= outputs; o += kTileOutputs) {
        tile<Format, Rows, kTileOutputs>(x, x_stride, w + o * w_stride, w_stride, columns, y + o, y_stride);
    }

    // The last outputs are few: one tile for all heights, so that the compiler has half the work.
    for (; o < outputs; ++o) {
        for (int r = 0; r < Rows; ++r) {
            tile<Format, 1, 1>(x + r * x_stride, x_stride, w + o * w_stride, w_stride, columns, y + r * y_stride + o, y_stride);
        }
    }
}

// All dot products of some rows with some outputs. x varies slowest, so that a tile's rows stay in L1 while the weights pass.
template <class Format>
static inline void dot_products(const float* x, int64_t x_stride, int64_t rows, const char* w, int64_t w_stride, int64_t columns,
                                int outputs, float* y, int64_t y_stride) {
    int64_t r = 0;
    for (; r + kTileRows <= rows; r += kTileRows) {
        tile_of_outputs<Format, kTileRows>(x + r * x_stride, x_stride, w, w_stride, columns, outputs, y + r * y_stride, y_stride);
    }

    const float* last_x = x + r * x_stride;
    float* last_y = y + r * y_stride;
    switch (rows - r) {
        case 5:
            if constexpr (kTileRows > 5) tile_of_outputs<Format, 5>(last_x, x_stride, w, w_stride, columns, outputs, last_y, y_stride);
            break;
        case 4:
            if constexpr (kTileRows > 4) tile_of_outputs<Format, 4>(last_x, x_stride, w, w_stride, columns, outputs, last_y, y_stride);
            break;
        case 3:
            if constexpr (kTileRows > 3) tile_of_outputs<Format, 3>(last_x, x_stride, w, w_stride, columns, outputs, last_y, y_stride);
            break;
        case 2:
            if constexpr (kTileRows > 2) tile_of_outputs<Format, 2>(last_x, x_stride, w, w_stride, columns, outputs, last_y, y_stride);
            break;
        case 1:
            tile_of_outputs<Format, 1>(last_x, x_stride, w, w_stride, columns, outputs, last_y, y_stride);
            break;
        default:
            break;
    }
}

}  // namespace xllm::cpu::XLLM_ISA

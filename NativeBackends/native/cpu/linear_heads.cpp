// LinearHeads: a product of every head with rows of a weight that are its own
//
//   plain       y[r, h, j] = sum over i of x[r, h, i] * weight[row(h, j), i]
//   transposed  y[r, h, i] = sum over j of x[r, h, j] * weight[row(h, j), i]
//
//   x       [rows, heads * n] F32
//   weight  [heads * stride, columns] in any format; row(h, j) = h * stride + first + j for j in [0, count)
//   y       [rows, heads * m] F32
//
// The plain form is Linear on each head's columns and adds in its order. The transposed one adds in the order of j, one register of
// columns of y beside the other: weights come as F32 in blocks that stay in L2, and sums go back to y between two blocks, which
// changes no bit.
//
// Source: DeepSeek-V2, arXiv:2405.04434, section 2.1.2: keys and values need not be written out.
// Checked against Reference/ReferenceOps.Latent.cs by tests/NativeBackends.Tests/LinearHeadsTests.cs.
#include <cstring>

#include "cpu/kernels.h"
#include "cpu/tile.h"

namespace xllm::cpu::XLLM_ISA {
namespace {

// Rows of x of a piece of the transposed form: enough to pay for converting the weights once per piece.
constexpr int64_t kRowsOfPiece = 64;

// Weight rows that are converted at a time: with 512 columns 64 KiB.
constexpr int kBlockRows = 32;

// y[r][:] += x[r][j] * w[j][:] for j in [0, count), in that order.
template <int Rows, int Registers>
void add_products(const float* x, int64_t x_stride, const float* w, int64_t w_stride, int count, float* y, int64_t y_stride, int lanes) {
    F32x16 sums[Rows][Registers];
#pragma GCC unroll 8
    for (int r = 0; r < Rows; ++r) {
#pragma GCC unroll 8
        for (int i = 0; i < Registers; ++i) {
            const float* source = y + r * y_stride + i * kLanes;
            sums[r][i] = Registers == 1 ? load_up_to(source, lanes) : load(source);
        }
    }

    for (int j = 0; j < count; ++j) {
        F32x16 weights[Registers];
#pragma GCC unroll 8
        for (int i = 0; i < Registers; ++i) {
            weights[i] = load(w + j * w_stride + i * kLanes);
        }

#pragma GCC unroll 8
        for (int r = 0; r < Rows; ++r) {
            const F32x16 factor = broadcast(x[r * x_stride + j]);
#pragma GCC unroll 8
            for (int i = 0; i < Registers; ++i) {
                sums[r][i] = multiply_add(factor, weights[i], sums[r][i]);
            }
        }
    }

#pragma GCC unroll 8
    for (int r = 0; r < Rows; ++r) {
#pragma GCC unroll 8
        for (int i = 0; i < Registers; ++i) {
            float* result = y + r * y_stride + i * kLanes;
            if (Registers == 1) {
                store_up_to(result, sums[r][i], lanes);
            } else {
                store(result, sums[r][i]);
            }
        }
    }
}

template <int Rows>
void add_products_of_rows(const float* x, int64_t x_stride, const float* w, int64_t w_stride, int count, int64_t columns, float* y,
                          int64_t y_stride) {
    int64_t c = 0;
    for (; c + kTileOutputs * kLanes <= columns; c += kTileOutputs * kLanes) {
        add_products<Rows, kTileOutputs>(x, x_stride, w + c, w_stride, count, y + c, y_stride, kLanes);
    }

    for (; c < columns; c += kLanes) {
        const int lanes = static_cast<int>(columns - c < kLanes ? columns - c : kLanes);
        add_products<Rows, 1>(x, x_stride, w + c, w_stride, count, y + c, y_stride, lanes);
    }
}

void transposed_heads(ThreadPool& threads, const xllm_tensor& x, const xllm_weight& weight, const xllm_head_slice& slice,
                      const xllm_tensor& y) {
    const int64_t columns = weight.columns;
    const int64_t stride = (columns + kLanes - 1) / kLanes * kLanes;
    const int64_t tiles = (x.rows + kRowsOfPiece - 1) / kRowsOfPiece;
    threads.reserve_scratch(static_cast<size_t>(kBlockRows * stride) * sizeof(float));
    for_each(threads, slice.heads * tiles, [&](int64_t piece, int thread) {
        const int64_t head = piece / tiles;
        const int64_t first = piece % tiles * kRowsOfPiece;
        const int64_t end = first + kRowsOfPiece < x.rows ? first + kRowsOfPiece : x.rows;
        float* block = static_cast<float*>(threads.scratch(thread));
        for (int64_t r = first; r < end; ++r) {
            std::memset(row<float>(y, r) + head * columns, 0, static_cast<size_t>(columns) * sizeof(float));
        }

        for (int j = 0; j < slice.count; j += kBlockRows) {
            const int count = slice.count - j < kBlockRows ? slice.count - j : kBlockRows;
            dequantize_rows(weight, head * slice.stride + slice.first + j, count, block, stride);
            int64_t r = first;
            for (; r + kTileRows <= end; r += kTileRows) {
                add_products_of_rows<kTileRows>(row<const float>(x, r) + head * slice.count + j, x.row_stride, block, stride, count,
                                                columns, row<float>(y, r) + head * columns, y.row_stride);
            }

            for (; r < end; ++r) {
                add_products_of_rows<1>(row<const float>(x, r) + head * slice.count + j, x.row_stride, block, stride, count, columns,
                                        row<float>(y, r) + head * columns, y.row_stride);
            }
        }
    });
}

}  // namespace

void linear_heads(ThreadPool& threads, const xllm_tensor& x, const xllm_weight& weight, const xllm_head_slice& slice, bool transposed,
                  const xllm_tensor& y) {
    if (x.rows == 0) {
        return;
    }

    if (transposed) {
        transposed_heads(threads, x, weight, slice, y);
        return;
    }

    const LinearPiece size = linear_piece(weight, x.rows);
    const int64_t pieces = (slice.count + size.outputs - 1) / size.outputs;
    threads.reserve_scratch(size.scratch_bytes);
    for_each(threads, slice.heads * pieces, [&](int64_t piece, int thread) {
        const int64_t head = piece / pieces;
        const int64_t first = piece % pieces * size.outputs;
        const int count = static_cast<int>(slice.count - first < size.outputs ? slice.count - first : size.outputs);
        linear_outputs(row<const float>(x, 0) + head * weight.columns, x.row_stride, x.rows, weight,
                       head * slice.stride + slice.first + first, count, static_cast<float*>(threads.scratch(thread)),
                       row<float>(y, 0) + head * slice.count + first, y.row_stride);
    });
}

}  // namespace xllm::cpu::XLLM_ISA

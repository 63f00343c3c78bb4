// Linear: y[r, o] = sum over k of x[r, k] * weight[o, k], plus bias[o]
//
//   x       [rows, inputs] F32
//   weight  [outputs, inputs] in any format, dense ones as they lie in the mapped file
//   bias    [1, outputs] F32, or none
//   y       [rows, outputs] F32
//
// Threads take pieces of outputs. With few rows (decode) the weights pass once and are converted in registers: the op is as fast as
// memory. With many rows (prefill) a block of weight rows is converted to F32 into L2 once and every tile of rows runs over it: the
// op is as fast as multiply-add. Both add in the same order (tile.h), so a row's bits do not tell which one computed it.
//
// Products and sums are F32: in BF16 a sum loses what is 256 times smaller than itself, and models have thousands of inputs.
//
// Checked against Reference/ReferenceOps.Linear.cs by tests/NativeBackends.Tests/LinearTests.cs.
#include "cpu/coded_tile.h"
#include "cpu/kernels.h"
#include "cpu/row_pieces.h"
#include "cpu/tile.h"

namespace xllm::cpu::XLLM_ISA {
namespace {

// Up to here dense weights are converted again for each tile of rows; beyond, once into L2. Measured on Zen 4, one thread, BF16, 1,024
// inputs, as parts of the multiply-add peak: 16 rows 0.9 in registers and 0.5 through L2; 32 rows 0.75 and 0.6; 512 rows 0.8 both,
// but with 3,072 inputs 0.7 and 0.8. Coded weights cost more to convert: for them the limit is one row, and up to a tile of rows takes
// them through L1, a tile of outputs at a time.
constexpr int kMostConvertedInRegisters = 8 * kTileRows;

// What a piece of decode reads: long enough to hide the cost of taking a piece, short enough to divide evenly between threads.
constexpr int64_t kDecodePieceBytes = 128 << 10;

// What a block of prefill takes of L2, half of Zen 4's 1 MiB; other processors have 1.25 to 2 MiB.
constexpr int64_t kPrefillBlockBytes = 256 << 10;

constexpr int64_t kMostOutputsOfPiece = 64;

int64_t outputs_per_piece(int64_t bytes, int64_t bytes_per_output) {
    const int64_t outputs = bytes / (bytes_per_output + 1) / kTileOutputs * kTileOutputs;
    return outputs < kTileOutputs ? kTileOutputs : outputs > kMostOutputsOfPiece ? kMostOutputsOfPiece : outputs;
}

int64_t padded(int64_t columns) { return (columns + kLanes - 1) / kLanes * kLanes; }

void add_bias(const xllm_tensor* bias, const xllm_tensor& y, int64_t first, int count) {
    if (bias == nullptr) {
        return;
    }

    const float* terms = row<const float>(*bias, 0) + first;
    for (int64_t r = 0; r < y.rows; ++r) {
        float* sums = row<float>(y, r) + first;
        for (int o = 0; o < count; ++o) {
            sums[o] += terms[o];
        }
    }
}

// The columns of x in the order in which the weight stores its own: act-order checkpoints sort them by importance.
xllm_tensor in_stored_order(ThreadPool& threads, const xllm_tensor& x, const int32_t* order) {
    auto* sorted = static_cast<float*>(threads.shared_scratch(static_cast<size_t>(int64_t{x.rows} * x.columns) * sizeof(float)));
    for_each_row(threads, x.rows, x.columns, [&](int64_t r) {
        const float* from = row<const float>(x, r);
        float* to = sorted + r * x.columns;
        for (int64_t c = 0; c < x.columns; ++c) {
            to[c] = from[order[c]];
        }
    });
    return {sorted, XLLM_F32, x.rows, x.columns, x.columns};
}

// Up to this many rows the weights pass once and are converted in registers; beyond, blocks of them go through a cache.
int64_t most_rows_in_registers(const xllm_weight& weight) { return is_dense(weight) ? kMostConvertedInRegisters : 1; }

}  // namespace

LinearPiece linear_piece(const xllm_weight& weight, int64_t rows) {
    if (rows <= most_rows_in_registers(weight)) {
        return {outputs_per_piece(kDecodePieceBytes, row_bytes(weight)), 0};
    }

    const int64_t bytes = padded(weight.columns) * static_cast<int64_t>(sizeof(float));
    if (rows <= kTileRows) {
        return {outputs_per_piece(kDecodePieceBytes, row_bytes(weight)), static_cast<size_t>(kTileOutputs * bytes)};
    }

    const int64_t outputs = outputs_per_piece(kPrefillBlockBytes, bytes);
    return {outputs, static_cast<size_t>(outputs * bytes)};
}

void scratch_dot_products(const float* x, int64_t x_stride, int64_t rows, const float* w, int64_t w_stride, int64_t columns, int outputs,
                          float* y, int64_t y_stride) {
    dot_products<ScratchFormat>(x, x_stride, rows, reinterpret_cast<const char*>(w), w_stride * static_cast<int64_t>(sizeof(float)), columns,
                                outputs, y, y_stride);
}

void linear_outputs(const float* x, int64_t x_stride, int64_t rows, const xllm_weight& weight, int64_t first, int count, float* scratch,
                    float* y, int64_t y_stride) {
    if (rows > most_rows_in_registers(weight)) {
        const int64_t stride = padded(weight.columns);
        const int block = rows <= kTileRows ? kTileOutputs : count;
        for (int o = 0; o < count; o += block) {
            const int outputs = count - o < block ? count - o : block;
            dequantize_stored_rows(weight, first + o, outputs, scratch, stride);
            scratch_dot_products(x, x_stride, rows, scratch, stride, weight.columns, outputs, y + o, y_stride);
        }
    } else if (is_dense(weight)) {
        with_dense_format(weight, [&](auto format) {
            dot_products<decltype(format)>(x, x_stride, rows, weight_row(weight, first), row_bytes(weight), weight.columns, count, y, y_stride);
        });
    } else {
        with_coded_format(weight, [&](auto format) {
            coded_dot_products<decltype(format)>(x, weight, first, count, y);
        });
    }
}

void linear(ThreadPool& threads, const xllm_tensor& x, const xllm_weight& weight, const xllm_tensor* bias, const xllm_tensor& y) {
    if (x.rows == 0) {
        return;
    }

    const xllm_tensor& stored = weight.order == nullptr ? x : in_stored_order(threads, x, weight.order);
    const LinearPiece piece_size = linear_piece(weight, x.rows);
    const int64_t step = piece_size.outputs;
    threads.reserve_scratch(piece_size.scratch_bytes);
    for_each(threads, (weight.rows + step - 1) / step, [&](int64_t piece, int thread) {
        const int64_t first = piece * step;
        const int count = static_cast<int>(weight.rows - first < step ? weight.rows - first : step);
        linear_outputs(row<const float>(stored, 0), stored.row_stride, stored.rows, weight, first, count, static_cast<float*>(threads.scratch(thread)),
                       row<float>(y, 0) + first, y.row_stride);
        add_bias(bias, y, first, count);
    });
}

}  // namespace xllm::cpu::XLLM_ISA

// Rows of a weight as F32, exactly.
//
// Checked against Reference/WeightRows.cs, bit for bit, by tests/NativeBackends.Tests/DequantizationTests.cs.
#include "cpu/coded_formats.h"
#include "cpu/kernels.h"
#include "cpu/weight_formats.h"

namespace xllm::cpu::XLLM_ISA {
namespace {

// The stored columns of a row, sixteen at a time: each(first column, numbers, how many).
template <class Format, class Each>
void each_dense(const xllm_weight& weight, int64_t r, Each&& each) {
    const char* source = weight_row(weight, r);
    int64_t c = 0;
    for (; c + kLanes <= weight.columns; c += kLanes) {
        each(c, Format::load(source, c), kLanes);
    }

    if (c < weight.columns) {
        const int count = static_cast<int>(weight.columns - c);
        each(c, Format::load_first(source, c, count), count);
    }
}

template <class Format, class Each>
void each_coded(const xllm_weight& weight, int64_t r, Each&& each) {
    const typename Format::Row row = Format::row(weight, r);
    const int64_t run_columns = Format::run_columns(weight);
    for (int64_t number = 0, from = 0; from < weight.columns; ++number, from += run_columns) {
        const int64_t end = from + run_columns < weight.columns ? from + run_columns : weight.columns;
        const typename Format::Run run = Format::run(row, number, from);
        int64_t k = from;
        for (; k + Format::kStep <= end; k += Format::kStep) {
            load_parts<Format>(run, k - from, [&](int part, F32x16 sixteen) { each(k + kLanes * part, sixteen, kLanes); });
        }

        if (k < end) {
            alignas(64) float columns[Format::kStep];
            load_tail<Format>(run, k - from, static_cast<int>(end - k), columns);
            for (int part = 0; k < end; ++part, k += kLanes) {
                each(k, load(columns + kLanes * part), static_cast<int>(end - k < kLanes ? end - k : kLanes));
            }
        }
    }
}

template <class Each>
void each_sixteen(const xllm_weight& weight, int64_t row, Each&& each) {
    if (is_dense(weight)) {
        with_dense_format(weight, [&](auto format) { each_dense<decltype(format)>(weight, row, each); });
    } else {
        with_coded_format(weight, [&](auto format) { each_coded<decltype(format)>(weight, row, each); });
    }
}

void clear_from(float* row, int64_t first, int64_t stride) {
    for (int64_t c = first; c < stride; ++c) {
        row[c] = 0;
    }
}

}  // namespace

void dequantize_stored_rows(const xllm_weight& weight, int64_t first, int count, float* result, int64_t stride) {
    for (int r = 0; r < count; ++r) {
        float* target = result + r * stride;
        each_sixteen(weight, first + r, [&](int64_t column, F32x16 sixteen, int columns) { store_up_to(target + column, sixteen, columns); });
        clear_from(target, weight.columns, stride);
    }
}

void dequantize_rows(const xllm_weight& weight, int64_t first, int count, float* result, int64_t stride) {
    if (weight.order == nullptr) {
        dequantize_stored_rows(weight, first, count, result, stride);
        return;
    }

    // Only formats with scales have an order of columns.
    for (int r = 0; r < count; ++r) {
        float* target = result + r * stride;
        const auto scatter = [&](int64_t column, F32x16 sixteen, int columns) {
            float lanes[kLanes];
            store(lanes, sixteen);
            for (int i = 0; i < columns; ++i) {
                target[weight.order[column + i]] = lanes[i];
            }
        };
        with_scaled_format(weight, [&](auto format) { each_coded<decltype(format)>(weight, first + r, scatter); });
        clear_from(target, weight.columns, stride);
    }
}

}  // namespace xllm::cpu::XLLM_ISA

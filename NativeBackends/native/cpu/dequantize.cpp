// Rows of a weight as F32, exactly. One loop per format.
#include "cpu/kernels.h"
#include "cpu/weight_formats.h"

namespace xllm::cpu::XLLM_ISA {
namespace {

template <class Format>
void dequantize(const char* source, int64_t columns, float* result, int64_t stride) {
    int64_t c = 0;
    for (; c + kLanes <= columns; c += kLanes) {
        store(result + c, Format::load(source, c));
    }

    if (c < columns) {
        store_up_to(result + c, Format::load_first(source, c, static_cast<int>(columns - c)), static_cast<int>(stride - c));
        c += kLanes;
    }

    for (; c < stride; ++c) {
        result[c] = 0;
    }
}

}  // namespace

void dequantize_rows(const xllm_weight& weight, int64_t first, int count, float* result, int64_t stride) {
    with_format(weight, [&](auto format) {
        for (int r = 0; r < count; ++r) {
            dequantize<decltype(format)>(weight_row(weight, first + r), weight.columns, result + r * stride, stride);
        }
    });
}

}  // namespace xllm::cpu::XLLM_ISA

// The formats that are not dense, by the number that the C interface has for them.
#pragma once

#include "cpu/block_formats.h"
#include "cpu/scaled_formats.h"

namespace xllm::cpu::XLLM_ISA {

// body(format) with the type that belongs to the weight's format, if it is one that has_scales.
template <class Body>
static inline void with_scaled_format(const xllm_weight& weight, Body&& body) {
    switch (static_cast<xllm_weight_format>(weight.format)) {
        case XLLM_WEIGHT_F8E4M3:
            body(F8e4m3Format{});
            break;
        case XLLM_WEIGHT_I8:
            body(I8Format{});
            break;
        case XLLM_WEIGHT_I4:
            body(I4Format{});
            break;
        default:
            break;
    }
}

// body(format) with the type that belongs to the weight's format, which is not dense.
template <class Body>
static inline void with_coded_format(const xllm_weight& weight, Body&& body) {
    switch (static_cast<xllm_weight_format>(weight.format)) {
        case XLLM_WEIGHT_Q4_0:
            body(Q40Format{});
            break;
        case XLLM_WEIGHT_Q8_0:
            body(Q80Format{});
            break;
        case XLLM_WEIGHT_Q4_K:
            body(Q4KFormat{});
            break;
        case XLLM_WEIGHT_Q5_K:
            body(Q5KFormat{});
            break;
        case XLLM_WEIGHT_Q6_K:
            body(Q6KFormat{});
            break;
        default:
            with_scaled_format(weight, body);
            break;
    }
}

// Sixteen columns at a time of the parts of one step: each(part, columns).
template <class Format, int Part = 0, class Each>
static inline __attribute__((always_inline)) void load_parts(const typename Format::Run& run, int64_t at, Each&& each) {
    if constexpr (Part < Format::kStep / kLanes) {
        each(Part, run.template load<Part>(at));
        load_parts<Format, Part + 1>(run, at, each);
    }
}

// A run's last columns, with zeros above them; only formats with scales have such.
template <class Format>
static inline void load_tail(const typename Format::Run& run, int64_t at, int count, float (&columns)[Format::kStep]) {
    if constexpr (requires { typename Format::Tail; }) {
        const typename Format::Tail tail(run, at, count);
        load_parts<Format>(tail.run, 0, [&](int part, F32x16 sixteen) { store(columns + kLanes * part, sixteen); });
        for (int c = count; c < Format::kStep; ++c) {
            columns[c] = 0;
        }
    }
}

}  // namespace xllm::cpu::XLLM_ISA

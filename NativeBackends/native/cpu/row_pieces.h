// Rows of cheap ops, in pieces that are worth a thread.
#pragma once

#include "common/thread_pool.h"

namespace xllm::cpu::XLLM_ISA {

// Elements of a piece: at about one per nanosecond some 4 microseconds, several times what it costs to hand it to another thread.
constexpr int64_t kElementsOfPiece = 4096;

// body(row) for every row, in any order and by any thread.
template <class Body>
static inline void for_each_row(ThreadPool& threads, int64_t rows, int64_t columns, Body&& body) {
    const int64_t step = kElementsOfPiece / (columns + 1) + 1;
    for_each(threads, (rows + step - 1) / step, [&](int64_t piece, int) {
        const int64_t end = (piece + 1) * step < rows ? (piece + 1) * step : rows;
        for (int64_t r = piece * step; r < end; ++r) {
            body(r);
        }
    });
}

}  // namespace xllm::cpu::XLLM_ISA

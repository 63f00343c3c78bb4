// Segment attention: y[r, h] = softmax over the rows p of r's segment of (scale * q[r, h] . k[p, h]) times v[p, h]; earlier and later rows alike
//
//   q, k, v, y  [rows, heads * head size] F32
//   starts      [1, segments + 1] I32: segment s has the rows [starts[s], starts[s + 1])
//
// A unit of work is (segment, tile of rows, head). Keys and values are taken in pieces of 64, counted from the segment's start, so a row's
// bits follow from its segment alone. How a unit goes: attention.h.
//
// Checked against Reference/ReferenceOps.SegmentAttention.cs by tests/NativeBackends.Tests/SegmentAttentionTests.cs.
#include "cpu/attention.h"

namespace xllm::cpu::XLLM_ISA {
namespace {

// Columns of one head of the given rows, padded with zeros to whole registers.
void copy_rows(const xllm_tensor& source, int64_t first, int count, int64_t column, int columns, int64_t width, float* result) {
    for (int i = 0; i < count; ++i) {
        const float* values = row<const float>(source, first + i) + column;
        for (int64_t c = 0; c < columns; c += kLanes) {
            store(result + i * width + c, load_up_to(values + c, static_cast<int>(columns - c < kLanes ? columns - c : kLanes)));
        }
    }
}

}  // namespace

void segment_attention(ThreadPool& threads, const xllm_tensor& q, const xllm_tensor& k, const xllm_tensor& v, const xllm_tensor& starts,
                       int32_t heads, float scale, const xllm_tensor& y) {
    const int columns = q.columns / heads;
    const AttentionShape shape(columns, columns, false, 1);
    threads.reserve_scratch(AttentionScratch::bytes(shape));

    const int32_t* rows = row<const int32_t>(starts, 0);
    const auto tiles_of = [&](int64_t s) { return (rows[s + 1] - rows[s] + shape.rows_of_unit - 1) / shape.rows_of_unit; };
    int64_t tiles = 0;
    for (int64_t s = 0; s + 1 < starts.columns; ++s) {
        tiles += tiles_of(s);
    }

    for_each(threads, tiles * heads, [&](int64_t piece, int thread) {
        int64_t tile = piece / heads;
        int64_t s = 0;
        while (tile >= tiles_of(s)) {
            tile -= tiles_of(s++);
        }

        const int64_t first = rows[s] + tile * shape.rows_of_unit;
        const int count = static_cast<int>(rows[s + 1] - first < shape.rows_of_unit ? rows[s + 1] - first : shape.rows_of_unit);
        const int head = static_cast<int>(piece % heads);
        const AttentionScratch scratch(threads.scratch(thread), shape);
        const AttentionUnit unit{first, count, head, 1, rows[s + 1] - rows[s], 0};
        attend(q, shape, scale, unit, scratch, y, [&](int64_t from, int entries, int) {
            copy_rows(k, rows[s] + from, entries, int64_t{head} * columns, columns, shape.width, scratch.keys);
            copy_rows(v, rows[s] + from, entries, int64_t{head} * columns, columns, shape.value_width, scratch.values);
        });
    });
}

}  // namespace xllm::cpu::XLLM_ISA

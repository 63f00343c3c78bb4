// Paged attention: stores the step's keys and values, then y[r, h] = softmax over p of (scale * q[r, h] . k[p]) times v[p]
//
//   q, y    [rows, query heads * head size] F32
//   k, v    [rows, KV heads * head size] F32; go to the slots of the batch, rounded to the pool's type
//   kv      blocks of the pool: [KV heads, block tokens, head size] F32, BF16 or I8, keys and values apart
//   batch   which rows and blocks belong to which sequence; row r of a sequence sees the positions up to its own
//
// A unit of work is (sequence, tile of rows, KV head). How it goes, and why a row's bits do not depend on chunking and batching:
// attention.h.
//
// Source: Kwon et al. 2023, arXiv:2309.06180, section 4.1 (blocks).
// Checked against Reference/ReferenceOps.PagedAttention.cs by tests/NativeBackends.Tests/PagedAttentionTests.cs.
#include "cpu/attention.h"

namespace xllm::cpu::XLLM_ISA {

void paged_attention(ThreadPool& threads, const xllm_tensor& q, const xllm_tensor& k, const xllm_tensor& v, const xllm_kv_layer& kv,
                     const xllm_attention_batch& batch, const xllm_head_layout& heads, float scale, const xllm_tensor& y) {
    // 1. Store everything before anything is read: a row sees rows of its own step.
    const int32_t* slots = row<const int32_t>(batch.slots, 0);
    for_each_row(threads, q.rows, 2 * k.columns, [&](int64_t r) {
        for (int64_t head = 0; head < heads.kv_heads; ++head) {
            store_vector(kv, kv.key_offset, slots[r], head, row<const float>(k, r) + head * heads.head_size);
            store_vector(kv, kv.value_offset, slots[r], head, row<const float>(v, r) + head * heads.head_size);
        }
    });

    // 2. Attend.
    const AttentionShape shape(heads.head_size, heads.head_size, false, heads.query_heads / heads.kv_heads);
    threads.reserve_scratch(AttentionScratch::bytes(shape));
    for_each_tile(threads, batch, shape.rows_of_unit, heads.kv_heads,
                  [&](int64_t sequence, int64_t first, int rows, int64_t position, int thread, int head) {
                      const AttentionScratch scratch(threads.scratch(thread), shape);
                      const int32_t* blocks = row<const int32_t>(batch.block_tables, sequence);
                      const AttentionUnit unit{first, rows, head * shape.group, shape.group, position + 1};
                      const auto position_of = [](int64_t entry) { return entry; };
                      attend(q, shape, scale, unit, scratch, y, [&](int64_t from, int count, int next) {
                          const AttentionPiece keys{kv.key_offset, from, count, kv.value_offset, from, count};
                          const AttentionPiece values{kv.value_offset, from, count, kv.key_offset, from + count, next};
                          read_piece(kv, blocks, head, keys, position_of, shape.width, scratch.keys);
                          read_piece(kv, blocks, head, values, position_of, shape.value_width, scratch.values);
                      });
                  });
}

}  // namespace xllm::cpu::XLLM_ISA

// Latent attention: stores the step's latent vectors, then y[r, h] = softmax over p of (scale * q[r, h] . latent[p]) times latent[p][: values]
//
//   q          [rows, heads * head size] F32
//   latent     [rows, head size] F32; goes to the slots of the batch, rounded to the pool's type
//   kv         blocks of the pool: [block tokens, head size] F32, BF16 or I8; one head, no values of its own
//   batch      which rows and blocks belong to which sequence; row r of a sequence sees the positions up to its own
//   selection  [rows, n] I32: the positions that a row sees, ascending, then -1; or none
//   y          [rows, heads * value columns] F32
//
// All heads read the same vectors, so a unit of work is (sequence, tile of rows, some heads): enough heads that a vector is converted
// for many queries, few enough that queries and sums fit into L2. With a selection every row has a list of its own, so a tile is one row.
// How a unit goes, and why a row's bits do not depend on chunking and batching: attention.h.
//
// Source: DeepSeek-V2, arXiv:2405.04434, section 2.1.2 (the absorbed form); DeepSeek-V3.2 (selection).
// Checked against Reference/ReferenceOps.Latent.cs by tests/NativeBackends.Tests/LatentAttentionTests.cs.
#include "cpu/attention.h"

namespace xllm::cpu::XLLM_ISA {
namespace {

int selected(const int32_t* positions, int columns) {
    int count = 0;
    while (count < columns && positions[count] != -1) {
        ++count;
    }

    return count;
}

}  // namespace

void latent_attention(ThreadPool& threads, const xllm_tensor& q, const xllm_tensor& latent, const xllm_kv_layer& kv,
                      const xllm_attention_batch& batch, int32_t value_columns, float scale, const xllm_tensor* selection,
                      const xllm_tensor& y) {
    // 1. Store everything before anything is read: a row sees rows of its own step.
    const int32_t* slots = row<const int32_t>(batch.slots, 0);
    for_each_row(threads, q.rows, latent.columns,
                 [&](int64_t r) { store_vector(kv, kv.key_offset, slots[r], 0, row<const float>(latent, r)); });

    // 2. Divide the heads evenly into as few parts as fit a unit, but into one per thread at least, so that one row keeps all threads busy.
    const int heads = q.columns / kv.head_size;
    const int least = (heads + kQueries - 1) / kQueries;
    const int wanted = q.rows > threads.threads() || least > threads.threads() ? least : threads.threads();
    const int parts = wanted < heads ? wanted : heads;
    const int group = (heads + parts - 1) / parts;
    AttentionShape shape(kv.head_size, value_columns, true, group);
    shape.rows_of_unit = selection == nullptr ? shape.rows_of_unit : 1;
    threads.reserve_scratch(AttentionScratch::bytes(shape));

    // 3. Attend.
    for_each_tile(threads, batch, shape.rows_of_unit, (heads + group - 1) / group,
                  [&](int64_t sequence, int64_t first, int rows, int64_t position, int thread, int part) {
                      const AttentionScratch scratch(threads.scratch(thread), shape);
                      const int32_t* blocks = row<const int32_t>(batch.block_tables, sequence);
                      const int32_t* list = selection == nullptr ? nullptr : row<const int32_t>(*selection, first);
                      const int head = part * group;
                      const int64_t seen = list == nullptr ? position + 1 : selected(list, selection->columns);
                      const AttentionUnit unit{first, rows, head, heads - head < group ? heads - head : group, seen};
                      const auto position_of = [&](int64_t entry) { return list == nullptr ? entry : int64_t{list[entry]}; };
                      attend(q, shape, scale, unit, scratch, y, [&](int64_t from, int count, int next) {
                          const AttentionPiece keys{kv.key_offset, from, count, kv.key_offset, from + count, next};
                          read_piece(kv, blocks, 0, keys, position_of, shape.width, scratch.keys);
                      });
                  });
}

}  // namespace xllm::cpu::XLLM_ISA

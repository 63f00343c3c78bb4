// Experts: y[r] = sum over the row's experts e of weight[r, e] * down_e(silu(gate_e(x[r])) * up_e(x[r]))
//
//   x        [rows, hidden] F32
//   ids      [rows, chosen] I32: the row's experts
//   weights  [rows, chosen] F32
//   experts  gate and up [intermediate, hidden], down [hidden, intermediate], in any format
//   y        [rows, hidden] F32
//
// Rows are sorted by expert, so each expert's weights are read once for all of its rows. Then two passes, each divided into pieces of
// outputs: gate and up with the activation, and down with the sum. In the second pass a piece goes over all experts in ascending
// order, so a row's sum is in the order of its experts' numbers: the same bits whatever rows share the step. Products are those of
// Linear (linear_outputs), which promises the same.
//
// Experts are taken in groups of a bounded number of pairs (row, expert), so that scratch memory does not grow with the step; the
// order of a sum is not changed by that.
//
// Source: Shazeer et al. 2017, arXiv:1701.06538; DeepSeek-V2, arXiv:2405.04434, section 2.2.
// Checked against Reference/ReferenceOps.Experts.cs by tests/NativeBackends.Tests/ExpertsTests.cs.
#include <cstring>

#include "cpu/exponential.h"
#include "cpu/kernels.h"
#include "cpu/row_pieces.h"

namespace xllm::cpu::XLLM_ISA {
namespace {

// What the gathered rows and the activations of one group of experts may take together, beyond one expert's.
constexpr int64_t kGroupBytes = 64 << 20;

// Rows whose columns are put in the order of a weight at once: their copy stays in L2, and so does its memory bounded.
constexpr int64_t kOrderedRows = 32;

// One choice of one row.
struct Pair {
    int32_t row;
    float weight;
};

// The pairs sorted by expert, those of an expert in the order of rows.
struct Plan {
    int64_t* starts;  // [experts + 1]: expert e has the pairs [starts[e], starts[e + 1])
    int32_t* used;    // [used_count]: experts that have pairs, ascending
    int used_count;
    Pair* pairs;
    int64_t most_rows;  // of an expert

    static int64_t bytes(int64_t pairs, int32_t experts) {
        return (experts + 2) * static_cast<int64_t>(sizeof(int64_t)) + experts * static_cast<int64_t>(sizeof(int32_t)) +
               pairs * static_cast<int64_t>(sizeof(Pair));
    }

    Plan(void* memory, const xllm_tensor& ids, const xllm_tensor& weights, int32_t experts) : used_count(0), most_rows(0) {
        starts = static_cast<int64_t*>(memory);
        pairs = reinterpret_cast<Pair*>(starts + experts + 2);
        used = reinterpret_cast<int32_t*>(pairs + int64_t{ids.rows} * ids.columns);

        // Counts go two places further than their expert; adding them up leaves each expert's start one place further; filling the
        // pairs in moves every start on to the next one's.
        std::memset(starts, 0, static_cast<size_t>(experts + 2) * sizeof(int64_t));
        for (int64_t r = 0; r < ids.rows; ++r) {
            for (int i = 0; i < ids.columns; ++i) {
                ++starts[row<const int32_t>(ids, r)[i] + 2];
            }
        }

        for (int32_t e = 0; e < experts; ++e) {
            const int64_t count = starts[e + 2];
            most_rows = count > most_rows ? count : most_rows;
            if (count > 0) {
                used[used_count++] = e;
            }

            starts[e + 2] += starts[e + 1];
        }

        for (int64_t r = 0; r < ids.rows; ++r) {
            for (int i = 0; i < ids.columns; ++i) {
                pairs[starts[row<const int32_t>(ids, r)[i] + 1]++] = {static_cast<int32_t>(r), row<const float>(weights, r)[i]};
            }
        }
    }

    int64_t count(int32_t expert) const { return starts[expert + 1] - starts[expert]; }
};

void activate(float* gate, const float* up, int64_t rows, int count, int64_t gate_stride, int64_t up_stride) {
    for (int64_t r = 0; r < rows; ++r) {
        for (int c = 0; c < count; c += kLanes) {
            const int lanes = count - c < kLanes ? count - c : kLanes;
            float* result = gate + r * gate_stride + c;
            const F32x16 a = load_up_to(result, lanes);
            const F32x16 silu = divide(a, add(broadcast(1.0f), exponential(subtract(zero(), a))));
            store_up_to(result, multiply(silu, load_up_to(up + r * up_stride + c, lanes)), lanes);
        }
    }
}

void add_weighted(const Pair* pairs, const float* values, int64_t rows, int count, int64_t stride, int64_t first, const xllm_tensor& y) {
    for (int64_t i = 0; i < rows; ++i) {
        float* sums = row<float>(y, pairs[i].row) + first;
        const F32x16 weight = broadcast(pairs[i].weight);
        for (int c = 0; c < count; c += kLanes) {
            const int lanes = count - c < kLanes ? count - c : kLanes;
            store_up_to(sums + c, multiply_add(weight, load_up_to(values + i * stride + c, lanes), load_up_to(sums + c, lanes)), lanes);
        }
    }
}

// linear_outputs for a weight whose columns may be in an order of their own (act-order): x then goes through `ordered`, a few rows at a time.
void stored_outputs(const float* x, int64_t columns, int64_t rows, const xllm_weight& weight, int64_t first, int count, float* scratch,
                    float* ordered, float* y, int64_t y_stride) {
    if (weight.order == nullptr) {
        linear_outputs(x, columns, rows, weight, first, count, scratch, y, y_stride);
        return;
    }

    for (int64_t start = 0; start < rows; start += kOrderedRows) {
        const int64_t some = rows - start < kOrderedRows ? rows - start : kOrderedRows;
        for (int64_t r = 0; r < some; ++r) {
            const float* from = x + (start + r) * columns;
            for (int64_t c = 0; c < columns; ++c) {
                ordered[r * columns + c] = from[weight.order[c]];
            }
        }

        linear_outputs(ordered, columns, some, weight, first, count, scratch, y + start * y_stride, y_stride);
    }
}

int64_t pieces_of(int64_t outputs, int64_t step) { return (outputs + step - 1) / step; }

struct Job {
    ThreadPool& threads;
    const xllm_tensor& x;
    const xllm_expert_weights& experts;
    const xllm_tensor& y;
    const Plan& plan;
    int64_t hidden;
    int64_t intermediate;
    float* gathered;     // [pairs of the group, hidden]
    float* activations;  // [pairs of the group, intermediate]
    int64_t ordered;     // floats of each thread for rows in the order of a weight; 0 where no weight has one

    // The rows of an expert, side by side: where they lie if that is so already, else gathered.
    const float* rows_of(int32_t expert, int64_t base) const {
        const Pair* pairs = plan.pairs + plan.starts[expert];
        return plan.count(expert) == 1 ? row<const float>(x, pairs[0].row) : gathered + (plan.starts[expert] - base) * hidden;
    }

    void gather(int from, int to) const {
        const int64_t base = plan.starts[plan.used[from]];
        for_each(threads, to - from, [&](int64_t i, int) {
            const int32_t expert = plan.used[from + i];
            const int64_t rows = plan.count(expert);
            for (int64_t p = 0; rows > 1 && p < rows; ++p) {
                const int64_t pair = plan.starts[expert] + p;
                std::memcpy(gathered + (pair - base) * hidden, row<const float>(x, plan.pairs[pair].row),
                            static_cast<size_t>(hidden) * sizeof(float));
            }
        });
    }

    // Pass 1: silu(gate) * up of every pair of the group.
    void expand(int from, int to) const {
        const int64_t base = plan.starts[plan.used[from]];
        const xllm_weight& some = experts.gate[plan.used[from]];
        const LinearPiece size = linear_piece(some, plan.most_rows);
        const int64_t pieces = pieces_of(intermediate, size.outputs);
        const size_t values = static_cast<size_t>(plan.most_rows * size.outputs) * sizeof(float);
        threads.reserve_scratch(size.scratch_bytes + values + static_cast<size_t>(ordered) * sizeof(float));
        for_each(threads, (to - from) * pieces, [&](int64_t piece, int thread) {
            const int32_t expert = plan.used[from + piece / pieces];
            const int64_t first = piece % pieces * size.outputs;
            const int count = static_cast<int>(intermediate - first < size.outputs ? intermediate - first : size.outputs);
            const int64_t rows = plan.count(expert);
            const float* source = rows_of(expert, base);
            float* sorted = static_cast<float*>(threads.scratch(thread));
            float* up = sorted + ordered;
            float* scratch = up + plan.most_rows * size.outputs;
            float* gate = activations + (plan.starts[expert] - base) * intermediate + first;
            stored_outputs(source, hidden, rows, experts.gate[expert], first, count, scratch, sorted, gate, intermediate);
            stored_outputs(source, hidden, rows, experts.up[expert], first, count, scratch, sorted, up, size.outputs);
            activate(gate, up, rows, count, intermediate, size.outputs);
        });
    }

    // Pass 2: adds the weighted outputs of the group's experts, in ascending order.
    void contract(int from, int to) const {
        const int64_t base = plan.starts[plan.used[from]];
        const LinearPiece size = linear_piece(experts.down[plan.used[from]], plan.most_rows);
        threads.reserve_scratch(size.scratch_bytes + static_cast<size_t>(plan.most_rows * size.outputs + ordered) * sizeof(float));
        for_each(threads, pieces_of(hidden, size.outputs), [&](int64_t piece, int thread) {
            const int64_t first = piece * size.outputs;
            const int count = static_cast<int>(hidden - first < size.outputs ? hidden - first : size.outputs);
            float* sorted = static_cast<float*>(threads.scratch(thread));
            float* values = sorted + ordered;
            float* scratch = values + plan.most_rows * size.outputs;
            for (int i = from; i < to; ++i) {
                const int32_t expert = plan.used[i];
                const int64_t start = plan.starts[expert];
                stored_outputs(activations + (start - base) * intermediate, intermediate, plan.count(expert), experts.down[expert], first,
                               count, scratch, sorted, values, size.outputs);
                add_weighted(plan.pairs + start, values, plan.count(expert), count, size.outputs, first, y);
            }
        });
    }
};

// Floats that a thread needs to put rows in the order of a weight.
int64_t ordered_floats(const xllm_expert_weights& experts, const Plan& plan, int64_t hidden, int64_t intermediate) {
    for (int i = 0; i < plan.used_count; ++i) {
        const int32_t e = plan.used[i];
        if (experts.gate[e].order != nullptr || experts.up[e].order != nullptr || experts.down[e].order != nullptr) {
            const int64_t rows = plan.most_rows < kOrderedRows ? plan.most_rows : kOrderedRows;
            return (rows * (hidden > intermediate ? hidden : intermediate) + kLanes - 1) / kLanes * kLanes;
        }
    }

    return 0;
}

}  // namespace

void experts(ThreadPool& threads, const xllm_tensor& x, const xllm_tensor& ids, const xllm_tensor& weights,
             const xllm_expert_weights& experts, const xllm_tensor& y) {
    const int64_t hidden = x.columns;
    const int64_t intermediate = experts.gate[0].rows;
    for_each_row(threads, y.rows, hidden, [&](int64_t r) { std::memset(row<float>(y, r), 0, static_cast<size_t>(hidden) * sizeof(float)); });
    if (x.rows == 0 || ids.columns == 0) {
        return;
    }

    // 1. Memory: the plan, then the rows and the activations of as many pairs as a group may have.
    const int64_t pairs = int64_t{ids.rows} * ids.columns;
    const int64_t pair_bytes = (hidden + intermediate) * static_cast<int64_t>(sizeof(float));
    const int64_t most = kGroupBytes / pair_bytes + ids.rows;
    const int64_t pairs_of_group = pairs < most ? pairs : most;
    const int64_t plan_bytes = (Plan::bytes(pairs, experts.count) + 63) / 64 * 64;
    char* memory = static_cast<char*>(threads.shared_scratch(static_cast<size_t>(plan_bytes + pairs_of_group * pair_bytes)));
    const Plan plan(memory, ids, weights, experts.count);
    float* gathered = reinterpret_cast<float*>(memory + plan_bytes);
    const Job job{threads, x, experts, y, plan, hidden, intermediate, gathered, gathered + pairs_of_group * hidden,
                  ordered_floats(experts, plan, hidden, intermediate)};

    // 2. Group by group.
    for (int from = 0; from < plan.used_count;) {
        const int64_t base = plan.starts[plan.used[from]];
        int to = from + 1;
        while (to < plan.used_count && plan.starts[plan.used[to] + 1] - base <= pairs_of_group) {
            ++to;
        }

        job.gather(from, to);
        job.expand(from, to);
        job.contract(from, to);
        from = to;
    }
}

}  // namespace xllm::cpu::XLLM_ISA

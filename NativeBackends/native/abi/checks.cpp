#include "abi/checks.h"

#include <string>

#include "common/errors.h"
#include "common/tensor_view.h"

namespace xllm::checks {
namespace {

std::string text(int64_t number) { return std::to_string(number); }

std::string text(const xllm_tensor& tensor) {
    static const char* const kNames[] = {"F32", "BF16", "F16", "I32", "I8", "U8", "F8E4M3", "I64"};
    const bool known = tensor.dtype >= XLLM_F32 && tensor.dtype <= XLLM_I64;
    return "[" + text(tensor.rows) + ", " + text(tensor.columns) + "] " + (known ? kNames[tensor.dtype] : "type " + text(tensor.dtype));
}

std::string text(const xllm_weight& weight) {
    static const char* const kNames[] = {"F32", "BF16", "F16", "F8E4M3", "I8", "I4", "Q4_0", "Q8_0", "Q4_K", "Q5_K", "Q6_K"};
    const bool known = weight.format >= XLLM_WEIGHT_F32 && weight.format <= XLLM_WEIGHT_Q6_K;
    return "[" + text(weight.rows) + ", " + text(weight.columns) + "] " + (known ? kNames[weight.format] : "format " + text(weight.format));
}

// The words are put together only when they are needed: a step makes some hundred checks for every token.
template <class... Parts>
void require(bool holds, const Parts&... parts) {
    if (!holds) {
        std::string message;
        const auto append = [&](const auto& part) {
            if constexpr (requires { text(part); }) {
                message += text(part);
            } else {
                message += part;
            }
        };
        (append(parts), ...);
        throw InvalidArgument(message);
    }
}

struct Named {
    const char* name;
    const xllm_tensor& tensor;
};

bool is_view(const xllm_tensor& tensor) {
    const bool empty = tensor.rows == 0 || tensor.columns == 0;
    return tensor.rows >= 0 && tensor.columns >= 0 && (tensor.rows < 2 || tensor.row_stride >= tensor.columns) &&
           (empty || tensor.data != nullptr);
}

void require_floats(const char* op, const char* name, const xllm_tensor& tensor) {
    require(is_view(tensor), op, ": ", name, " ", tensor, " with row stride ", tensor.row_stride, " is not a matrix");
    require(tensor.dtype == XLLM_F32, op, ": ", name, " ", tensor, " must be F32");
}

void require_integers(const char* op, const char* name, const xllm_tensor& tensor) {
    require(is_view(tensor), op, ": ", name, " ", tensor, " with row stride ", tensor.row_stride, " is not a matrix");
    require(tensor.dtype == XLLM_I32 && tensor.rows == 1, op, ": ", name, " ", tensor, " must be [1, n] I32");
}

void require_result(const char* op, const xllm_tensor& y, int64_t rows, int64_t columns) {
    require_floats(op, "y", y);
    require(y.rows == rows && y.columns == columns, op, ": y ", y, " is not [", rows, ", ", columns, "]");
}

void require_weight(const char* op, const char* name, const xllm_weight& weight) {
    const bool known = weight.format >= XLLM_WEIGHT_F32 && weight.format <= XLLM_WEIGHT_Q6_K;
    require(known, op, ": ", name, " ", weight, " has an unknown format");
    require(weight.rows >= 0 && weight.columns >= 0 && (weight.data != nullptr || weight.rows == 0 || weight.columns == 0), op, ": ", name,
            " ", weight, " is not a matrix");
    const auto format = static_cast<xllm_weight_format>(weight.format);
    const int32_t unit = unit_columns(format);
    require(format == XLLM_WEIGHT_I4 || weight.columns % unit == 0, op, ": ", name, " ", weight, " does not have a multiple of ", unit,
            " columns");
    if (has_scales(format)) {
        require(weight.scales != nullptr, op, ": ", name, " ", weight, " has no scales");
        require(weight.row_block > 0 && weight.column_block > 0 && (weight.column_block % 32 == 0 || weight.column_block >= weight.columns), op,
                ": ", name, " ", weight, " has a scale for every [", weight.row_block, ", ", weight.column_block,
                "]; columns must be a multiple of 32 or all of them");
    }
}

template <class Source>
void require_in_range(const char* op, const char* name, const xllm_tensor& indices, int32_t limit, const Source& source) {
    const int32_t* values = row<const int32_t>(indices, 0);
    for (int32_t i = 0; i < indices.columns; ++i) {
        require(values[i] >= 0 && values[i] < limit, op, ": ", name, " ", values[i], " at ", i, " is not in [0, ", limit, "), the rows of ",
                source);
    }
}

void require_same_shape(const char* op, const char* x_name, const xllm_tensor& x, const char* y_name, const xllm_tensor& y) {
    require_floats(op, x_name, x);
    require_floats(op, y_name, y);
    require(x.rows == y.rows && x.columns == y.columns, op, ": ", y_name, " ", y, " does not fit ", x_name, " ", x);
}

void require_consistent_batch(const char* op, const xllm_tensor& q, const xllm_kv_layer& kv, const xllm_attention_batch& batch) {
    const int32_t sequences = batch.context_lengths.columns;
    const int32_t* starts = row<const int32_t>(batch.row_starts, 0);
    const int32_t* contexts = row<const int32_t>(batch.context_lengths, 0);
    const int32_t* slots = row<const int32_t>(batch.slots, 0);
    require(starts[0] == 0 && starts[sequences] == q.rows, op, ": row starts go from ", starts[0], " to ", starts[sequences],
            ", q has rows 0 to ", q.rows);
    for (int32_t s = 0; s < sequences; ++s) {
        const int64_t rows = int64_t{starts[s + 1]} - starts[s];
        require(rows >= 0 && contexts[s] >= rows, op, ": sequence ", s, " has ", rows, " rows and a context of ", contexts[s]);
        const int64_t blocks = (int64_t{contexts[s]} + kv.block_tokens - 1) / kv.block_tokens;
        require(blocks <= batch.block_tables.columns, op, ": sequence ", s, " has a context of ", contexts[s], ", which needs ", blocks,
                " blocks; block tables ", batch.block_tables, " have fewer");
        const int32_t* table = row<const int32_t>(batch.block_tables, s);
        for (int64_t b = 0; b < blocks; ++b) {
            require(table[b] >= 0, op, ": sequence ", s, " has block ", table[b], " at ", b, "; blocks start at 0");
        }
    }

    for (int32_t r = 0; r < q.rows; ++r) {
        require(slots[r] >= 0, op, ": row ", r, " has slot ", slots[r], "; slots start at 0");
    }
}

void require_pool(const char* op, const xllm_kv_layer& kv, int32_t rows) {
    require((kv.dtype == XLLM_F32 || kv.dtype == XLLM_BF16 || kv.dtype == XLLM_I8) && kv.block_tokens >= 1, op, ": a pool of type ", kv.dtype, " with ",
            kv.block_tokens, " tokens a block; it must be F32, BF16 or I8 with at least 1");
    require(kv.pool != nullptr || rows == 0, op, ": no pool for ", rows, " rows");
}

void require_batch(const char* op, const xllm_tensor& q, const xllm_kv_layer& kv, const xllm_attention_batch& batch) {
    const int32_t sequences = batch.context_lengths.columns;
    require_integers(op, "context lengths", batch.context_lengths);
    require_integers(op, "row starts", batch.row_starts);
    require_integers(op, "slots", batch.slots);
    require(batch.row_starts.columns == sequences + 1 && batch.slots.columns == q.rows, op, ": row starts ", batch.row_starts,
            " and slots ", batch.slots, " do not fit ", sequences, " sequences and q ", q);
    require(batch.block_tables.dtype == XLLM_I32 && batch.block_tables.rows == sequences && is_view(batch.block_tables), op,
            ": block tables ", batch.block_tables, " must be I32 with a row for each of ", sequences, " sequences");
    require_consistent_batch(op, q, kv, batch);
}

// A state's sizes and places, and a batch whose block tables name the blocks that are read and those that are written.
void require_state(const char* op, const xllm_tensor& x, const xllm_state_layer& state, const xllm_attention_batch& batch) {
    require(state.heads >= 0 && state.key_columns >= 1 && state.value_columns >= 1 && state.channels >= 1 && state.window >= 0 &&
                state.blocks >= 1 && state.first_matrix >= 0 && state.matrices_per_block >= 1 && state.first_row >= 0 &&
                state.rows_per_block >= 1 && state.first_row_block >= 0,
            op, ": a state of ", state.heads, " matrices [", state.key_columns, ", ", state.value_columns, "] and ", state.window, " rows of ",
            state.channels, " in ", state.blocks, " blocks is none");
    const int64_t matrix_block = (int64_t{state.first_matrix} + state.heads + state.matrices_per_block - 1) / state.matrices_per_block;
    const int64_t row_block = (int64_t{state.first_row} + state.window + state.rows_per_block - 1) / state.rows_per_block;
    require((state.heads == 0 || matrix_block <= state.blocks) && (state.window == 0 || state.first_row_block + row_block <= state.blocks), op,
            ": a state needs ", matrix_block, " blocks for its matrices and ", row_block, " after block ", state.first_row_block,
            " for its window, but has ", state.blocks);
    require(state.pool != nullptr || x.rows == 0, op, ": no pool for ", x.rows, " rows");

    const int32_t sequences = batch.context_lengths.columns;
    require_integers(op, "context lengths", batch.context_lengths);
    require_integers(op, "row starts", batch.row_starts);
    require(batch.row_starts.columns == sequences + 1, op, ": row starts ", batch.row_starts, " do not fit ", sequences, " sequences");
    require(batch.block_tables.dtype == XLLM_I32 && batch.block_tables.rows == sequences && is_view(batch.block_tables) &&
                (sequences == 0 || batch.block_tables.columns == 2 * int64_t{state.blocks}),
            op, ": block tables ", batch.block_tables, " are not [", sequences, ", ", 2 * int64_t{state.blocks}, "] I32");
    const int32_t* starts = row<const int32_t>(batch.row_starts, 0);
    const int32_t* contexts = row<const int32_t>(batch.context_lengths, 0);
    require(starts[0] == 0 && starts[sequences] == x.rows, op, ": row starts go from ", starts[0], " to ", starts[sequences],
            ", there are rows 0 to ", x.rows);
    for (int32_t s = 0; s < sequences; ++s) {
        const int64_t rows = int64_t{starts[s + 1]} - starts[s];
        require(rows >= 0 && contexts[s] >= rows, op, ": sequence ", s, " has ", rows, " rows and a context of ", contexts[s]);
        const int32_t* table = row<const int32_t>(batch.block_tables, s);
        for (int32_t b = 0; b < 2 * state.blocks; ++b) {
            require(table[b] >= 0, op, ": sequence ", s, " has block ", table[b], " at ", b, "; blocks start at 0");
        }
    }
}

// Every row of a selection holds positions that the row may see, ascending, then -1 to its end; at least one.
void require_selection(const xllm_tensor& q, const xllm_attention_batch& batch, const xllm_tensor& selection) {
    constexpr const char* op = "latent_attention";
    require(selection.dtype == XLLM_I32 && selection.rows == q.rows && selection.columns >= 1 && is_view(selection), op, ": selection ",
            selection, " must be I32 with a row for each of q ", q);
    const int32_t* starts = row<const int32_t>(batch.row_starts, 0);
    const int32_t* contexts = row<const int32_t>(batch.context_lengths, 0);
    for (int32_t s = 0; s < batch.context_lengths.columns; ++s) {
        for (int32_t r = starts[s]; r < starts[s + 1]; ++r) {
            const int32_t own = contexts[s] - starts[s + 1] + r;
            const int32_t* positions = row<const int32_t>(selection, r);
            int32_t last = -1;
            for (int32_t i = 0; i < selection.columns && positions[i] != -1; ++i) {
                require(positions[i] > last && positions[i] <= own, op, ": row ", r, " at position ", own, " selects position ",
                        positions[i], " after ", last);
                last = positions[i];
            }

            require(last >= 0, op, ": row ", r, " at position ", own, " selects no position");
        }
    }
}

}  // namespace

void embedding(const xllm_tensor& ids, const xllm_weight& table, const xllm_tensor& y) {
    require_integers("embedding", "ids", ids);
    require_weight("embedding", "table", table);
    require_in_range("embedding", "id", ids, table.rows, table);
    require_result("embedding", y, ids.columns, table.columns);
}

void rows(const xllm_tensor& x, const xllm_tensor& indices, const xllm_tensor& y) {
    require_floats("rows", "x", x);
    require_integers("rows", "indices", indices);
    require_in_range("rows", "index", indices, x.rows, x);
    require_result("rows", y, indices.columns, x.columns);
}

void rms_norm(const xllm_tensor& x, const xllm_tensor& weight, const xllm_tensor& y) {
    require_floats("rms_norm", "x", x);
    require_floats("rms_norm", "weight", weight);
    require(weight.rows == 1 && weight.columns == x.columns, "rms_norm: weight ", weight, " does not fit x ", x);
    require_result("rms_norm", y, x.rows, x.columns);
}

void rms_norm_heads(const xllm_tensor& x, const xllm_tensor& weight) {
    require_floats("rms_norm_heads", "x", x);
    require_floats("rms_norm_heads", "weight", weight);
    require(weight.rows == 1 && weight.columns > 0 && x.columns % weight.columns == 0, "rms_norm_heads: weight ", weight,
            " does not divide the columns of x ", x, " into heads");
}

void layer_norm(const xllm_tensor& x, const xllm_tensor& weight, const xllm_tensor& bias, const xllm_tensor& y) {
    require_floats("layer_norm", "x", x);
    require_floats("layer_norm", "weight", weight);
    require_floats("layer_norm", "bias", bias);
    require(weight.rows == 1 && weight.columns == x.columns && bias.rows == 1 && bias.columns == x.columns, "layer_norm: weight ", weight,
            " and bias ", bias, " do not fit x ", x);
    require_result("layer_norm", y, x.rows, x.columns);
}

void linear(const xllm_tensor& x, const xllm_weight& weight, const xllm_tensor* bias, const xllm_tensor& y) {
    require_floats("linear", "x", x);
    require_weight("linear", "weight", weight);
    require(x.columns == weight.columns, "linear: x ", x, " does not fit weight ", weight);
    if (bias != nullptr) {
        require_floats("linear", "bias", *bias);
        require(bias->rows == 1 && bias->columns == weight.rows, "linear: bias ", *bias, " does not fit weight ", weight);
    }

    require_result("linear", y, x.rows, weight.rows);
}

void add(const xllm_tensor& x, const xllm_tensor& y) { require_same_shape("add", "x", x, "y", y); }

void silu_multiply(const xllm_tensor& gate, const xllm_tensor& up) { require_same_shape("silu_multiply", "gate", gate, "up", up); }

void rope_angles(const xllm_tensor& positions, const xllm_tensor& frequencies, const xllm_tensor& y) {
    require_integers("rope_angles", "positions", positions);
    require_floats("rope_angles", "frequencies", frequencies);
    require(frequencies.rows == 1, "rope_angles: frequencies ", frequencies, " must have 1 row");
    require_result("rope_angles", y, positions.columns, 2 * int64_t{frequencies.columns});
}

void rotate(const xllm_tensor& x, const xllm_tensor& angles, int32_t head_size, int32_t pairing) {
    require_floats("rotate", "x", x);
    require_floats("rotate", "angles", angles);
    require(angles.rows == x.rows && angles.columns % 2 == 0, "rotate: angles ", angles, " do not fit x ", x);
    require(head_size >= 1 && head_size >= angles.columns && x.columns % head_size == 0, "rotate: head size ", head_size,
            " does not fit x ", x, " and angles ", angles);
    require(pairing == XLLM_ROPE_HALVES || pairing == XLLM_ROPE_INTERLEAVED, "rotate: pairing ", pairing,
            " is not 0 (halves) or 1 (interleaved)");
}

void paged_attention(const xllm_tensor& q, const xllm_tensor& k, const xllm_tensor& v, const xllm_kv_layer& kv,
                     const xllm_attention_batch& batch, const xllm_head_layout& heads, const xllm_tensor& y) {
    constexpr const char* op = "paged_attention";
    require_floats(op, "q", q);
    require_floats(op, "k", k);
    require_floats(op, "v", v);
    require(heads.kv_heads >= 1 && heads.head_size >= 1 && heads.query_heads >= 1 && heads.query_heads % heads.kv_heads == 0, op, ": ",
            heads.query_heads, " query heads of ", heads.head_size, " columns are not a multiple of ", heads.kv_heads, " KV heads");
    require(kv.kv_heads == heads.kv_heads && kv.head_size == heads.head_size, op, ": the pool has ", kv.kv_heads, " KV heads of ",
            kv.head_size, " columns, the model ", heads.kv_heads, " of ", heads.head_size);
    require_pool(op, kv, q.rows);

    const int64_t query_width = int64_t{heads.query_heads} * heads.head_size;
    const int64_t kv_width = int64_t{heads.kv_heads} * heads.head_size;
    require(q.columns == query_width, op, ": q ", q, " does not have ", query_width, " columns");
    require(k.rows == q.rows && k.columns == kv_width, op, ": k ", k, " is not [", q.rows, ", ", kv_width, "]");
    require(v.rows == q.rows && v.columns == kv_width, op, ": v ", v, " is not [", q.rows, ", ", kv_width, "]");
    require_result(op, y, q.rows, query_width);

    require_batch(op, q, kv, batch);
}

void sigmoid_multiply(const xllm_tensor& x, const xllm_tensor& gate) {
    require_floats("sigmoid_multiply", "x", x);
    require_floats("sigmoid_multiply", "gate", gate);
    require(gate.rows == x.rows && gate.columns >= 1 && x.columns % gate.columns == 0, "sigmoid_multiply: gate ", gate,
            " does not divide the columns of x ", x);
}

void short_convolution(const xllm_tensor& x, const xllm_tensor& weight, const xllm_state_layer& state, int32_t first_channel,
                       const xllm_attention_batch& batch, const xllm_tensor& y) {
    constexpr const char* op = "short_convolution";
    require_floats(op, "x", x);
    require_floats(op, "weight", weight);
    require(weight.rows == int64_t{state.window} + 1 && weight.columns == x.columns, op, ": weight ", weight, " does not fit x ", x,
            " and a window of ", state.window, " rows");
    require(first_channel >= 0 && int64_t{first_channel} + x.columns <= state.channels, op, ": channels ", first_channel, " to ",
            int64_t{first_channel} + x.columns, " are not in [0, ", state.channels, "]");
    require_state(op, x, state, batch);
    require_result(op, y, x.rows, x.columns);
}

void gated_delta_rule(const xllm_tensor& q, const xllm_tensor& k, const xllm_tensor& v, const xllm_tensor& strength, const xllm_tensor& step,
                      const xllm_tensor& log_decay, const xllm_tensor& step_bias, const xllm_state_layer& state,
                      const xllm_attention_batch& batch, const xllm_tensor& y) {
    constexpr const char* op = "gated_delta_rule";
    for (const auto& [name, tensor] : {Named{"q", q}, Named{"k", k}, Named{"v", v}, Named{"strength", strength}, Named{"step", step},
                                       Named{"log decay", log_decay}, Named{"step bias", step_bias}}) {
        require_floats(op, name, tensor);
    }

    const int64_t key_heads = state.key_columns >= 1 ? q.columns / state.key_columns : 0;
    require(key_heads >= 1 && q.columns % state.key_columns == 0 && state.heads >= 1 && state.heads % key_heads == 0, op, ": q ", q,
            " does not have heads of ", state.key_columns, " columns whose number divides ", state.heads);
    require(k.rows == q.rows && k.columns == q.columns, op, ": k ", k, " does not fit q ", q);
    require(v.rows == q.rows && v.columns == int64_t{state.heads} * state.value_columns, op, ": v ", v, " is not [", q.rows, ", ",
            int64_t{state.heads} * state.value_columns, "]");
    require(strength.rows == q.rows && strength.columns == state.heads, op, ": strength ", strength, " is not [", q.rows, ", ", state.heads,
            "]");
    require(step.rows == q.rows && step.columns == state.heads, op, ": step ", step, " is not [", q.rows, ", ", state.heads, "]");
    require(log_decay.rows == 1 && log_decay.columns == state.heads, op, ": log decay ", log_decay, " is not [1, ", state.heads, "]");
    require(step_bias.rows == 1 && step_bias.columns == state.heads, op, ": step bias ", step_bias, " is not [1, ", state.heads, "]");
    require_state(op, q, state, batch);
    require_result(op, y, v.rows, v.columns);
}

void choose_experts(const xllm_tensor& logits, const xllm_tensor* bias, const xllm_expert_routing& routing, const xllm_tensor& ids,
                    const xllm_tensor& weights) {
    constexpr const char* op = "choose_experts";
    require_floats(op, "logits", logits);
    const int32_t experts = logits.columns;
    require(routing.groups >= 1 && experts % routing.groups == 0 && routing.chosen_groups >= 1 && routing.chosen_groups <= routing.groups,
            op, ": ", routing.chosen_groups, " of ", routing.groups, " groups do not fit ", experts, " experts");
    const int64_t candidates = int64_t{experts} / routing.groups * routing.chosen_groups;
    require(routing.chosen >= 1 && routing.chosen <= candidates, op, ": ", routing.chosen, " experts of ", candidates,
            " that may be chosen");
    require(routing.score == XLLM_EXPERT_SOFTMAX || routing.score == XLLM_EXPERT_SIGMOID, op, ": score ", routing.score,
            " is not 0 (softmax) or 1 (sigmoid)");
    require(routing.group_score == XLLM_EXPERT_GROUP_BEST || routing.group_score == XLLM_EXPERT_GROUP_SUMOFTWOBEST, op, ": group score ",
            routing.group_score, " is not 0 (best) or 1 (sum of two best)");
    if (bias != nullptr) {
        require_floats(op, "bias", *bias);
        require(bias->rows == 1 && bias->columns == experts, op, ": bias ", *bias, " does not fit logits ", logits);
    }

    require(ids.dtype == XLLM_I32 && is_view(ids) && ids.rows == logits.rows && ids.columns == routing.chosen, op, ": ids ", ids,
            " is not [", logits.rows, ", ", routing.chosen, "] I32");
    require_result(op, weights, logits.rows, routing.chosen);
}

void experts(const xllm_tensor& x, const xllm_tensor& ids, const xllm_tensor& weights, const xllm_expert_weights& experts,
             const xllm_tensor& y) {
    constexpr const char* op = "experts";
    require_floats(op, "x", x);
    require_floats(op, "weights", weights);
    require(ids.dtype == XLLM_I32 && is_view(ids) && ids.rows == x.rows && weights.rows == x.rows && ids.columns == weights.columns, op,
            ": ids ", ids, " and weights ", weights, " do not fit x ", x);
    require(experts.count >= 1 && experts.gate != nullptr && experts.up != nullptr && experts.down != nullptr, op, ": ", experts.count,
            " experts");
    const int32_t intermediate = experts.gate[0].rows;
    for (int32_t e = 0; e < experts.count; ++e) {
        const xllm_weight& gate = experts.gate[e];
        const xllm_weight& up = experts.up[e];
        const xllm_weight& down = experts.down[e];
        require_weight(op, "gate", gate);
        require_weight(op, "up", up);
        require_weight(op, "down", down);
        require(gate.columns == x.columns && up.columns == x.columns && gate.rows == intermediate && up.rows == intermediate &&
                    down.columns == intermediate && down.rows == x.columns,
                op, ": gate ", gate, ", up ", up, " and down ", down, " of expert ", e, " do not fit each other and x ", x);
    }

    for (int32_t r = 0; r < ids.rows; ++r) {
        const int32_t* chosen = row<const int32_t>(ids, r);
        for (int32_t i = 0; i < ids.columns; ++i) {
            require(chosen[i] >= 0 && chosen[i] < experts.count, op, ": row ", r, " names expert ", chosen[i], " of ", experts.count);
        }
    }

    require_result(op, y, x.rows, x.columns);
}

void slice_heads(const xllm_tensor& x, int32_t head_size, int32_t first, int32_t count, const xllm_tensor& y) {
    constexpr const char* op = "slice_heads";
    require_floats(op, "x", x);
    require(head_size >= 1 && x.columns % head_size == 0 && first >= 0 && count >= 1 && int64_t{first} + count <= head_size, op,
            ": columns ", first, " to ", int64_t{first} + count, " of heads of ", head_size, " do not fit x ", x);
    require_result(op, y, x.rows, int64_t{x.columns} / head_size * count);
}

void join_heads(const xllm_tensor& a, const xllm_tensor& b, int32_t heads, const xllm_tensor& y) {
    constexpr const char* op = "join_heads";
    require_floats(op, "a", a);
    require_floats(op, "b", b);
    require(a.rows == b.rows && heads >= 1 && a.columns % heads == 0 && b.columns % heads == 0, op, ": a ", a, " and b ", b,
            " do not divide into ", heads, " heads of the same rows");
    require_result(op, y, a.rows, int64_t{a.columns} + b.columns);
}

void linear_heads(const xllm_tensor& x, const xllm_weight& weight, const xllm_head_slice& slice, int32_t transposed, const xllm_tensor& y) {
    constexpr const char* op = "linear_heads";
    require_floats(op, "x", x);
    require_weight(op, "weight", weight);
    require(slice.heads >= 1 && slice.first >= 0 && slice.count >= 1 && int64_t{slice.first} + slice.count <= slice.stride &&
                int64_t{slice.heads} * slice.stride == weight.rows,
            op, ": rows ", slice.first, " to ", int64_t{slice.first} + slice.count, " of each ", slice.stride, " for ", slice.heads,
            " heads do not fit weight ", weight);
    const int64_t inputs = transposed != 0 ? slice.count : weight.columns;
    require(x.columns == slice.heads * inputs, op, ": x ", x, " does not have ", slice.heads, " heads of ", inputs, " columns");
    require_result(op, y, x.rows, slice.heads * int64_t{transposed != 0 ? weight.columns : slice.count});
}

void latent_attention(const xllm_tensor& q, const xllm_tensor& latent, const xllm_kv_layer& kv, const xllm_attention_batch& batch,
                      int32_t value_columns, const xllm_tensor* selection, const xllm_tensor& y) {
    constexpr const char* op = "latent_attention";
    require_floats(op, "q", q);
    require_floats(op, "latent", latent);
    require(kv.kv_heads == 1 && kv.head_size >= 1 && value_columns >= 1 && value_columns <= kv.head_size && q.columns >= kv.head_size &&
                q.columns % kv.head_size == 0,
            op, ": q ", q, " and ", value_columns, " value columns do not fit a pool of ", kv.kv_heads, " heads of ", kv.head_size,
            " columns");
    require_pool(op, kv, q.rows);
    require(latent.rows == q.rows && latent.columns == kv.head_size, op, ": latent ", latent, " is not [", q.rows, ", ", kv.head_size,
            "]");
    require_batch(op, q, kv, batch);
    if (selection != nullptr) {
        require_selection(q, batch, *selection);
    }

    require_result(op, y, q.rows, int64_t{q.columns} / kv.head_size * value_columns);
}

void select_positions(const xllm_tensor& q, const xllm_tensor& keys, const xllm_tensor& weights, const xllm_kv_layer& kv,
                      const xllm_attention_batch& batch, int32_t most, const xllm_tensor& y) {
    constexpr const char* op = "select_positions";
    require_floats(op, "q", q);
    require_floats(op, "keys", keys);
    require_floats(op, "weights", weights);
    require(kv.kv_heads == 1 && kv.head_size >= 1 && weights.columns >= 1 && q.columns == int64_t{weights.columns} * kv.head_size, op,
            ": q ", q, " and weights ", weights, " do not fit a pool of ", kv.kv_heads, " heads of ", kv.head_size, " columns");
    require(most >= 1, op, ": ", most, " positions of a row; it must be at least 1");
    require_pool(op, kv, q.rows);
    require(keys.rows == q.rows && keys.columns == kv.head_size, op, ": keys ", keys, " is not [", q.rows, ", ", kv.head_size, "]");
    require(weights.rows == q.rows, op, ": weights ", weights, " is not [", q.rows, ", ", weights.columns, "]");
    require_batch(op, q, kv, batch);
    const int64_t held = int64_t{batch.block_tables.columns} * kv.block_tokens;
    const int64_t columns = held < most ? held : most;
    require(y.dtype == XLLM_I32 && is_view(y) && y.rows == q.rows && y.columns == columns, op, ": y ", y, " is not [", q.rows, ", ",
            columns, "] I32");
}

void gelu(const xllm_tensor& x, int32_t kind) {
    constexpr const char* op = "gelu";
    require_floats(op, "x", x);
    require(kind >= XLLM_GELU_EXACT && kind <= XLLM_GELU_QUICK, op, ": kind ", kind, " is not 0 (exact), 1 (tanh) or 2 (quick)");
}

void rope_angles_by_axis(const xllm_tensor& positions, const xllm_tensor& axes, const xllm_tensor& frequencies, const xllm_tensor& y) {
    constexpr const char* op = "rope_angles_by_axis";
    require(is_view(positions) && positions.dtype == XLLM_I32, op, ": positions ", positions, " must be I32");
    require_integers(op, "axes", axes);
    require_floats(op, "frequencies", frequencies);
    require(frequencies.rows == 1 && frequencies.columns == axes.columns, op, ": frequencies ", frequencies, " do not fit axes ", axes);
    require_in_range(op, "axis", axes, positions.rows, positions);
    require_result(op, y, positions.columns, 2 * int64_t{frequencies.columns});
}

void segment_attention(const xllm_tensor& q, const xllm_tensor& k, const xllm_tensor& v, const xllm_tensor& starts, int32_t heads,
                       const xllm_tensor& y) {
    constexpr const char* op = "segment_attention";
    require_same_shape(op, "q", q, "k", k);
    require_same_shape(op, "q", q, "v", v);
    require(heads >= 1 && q.columns >= heads && q.columns % heads == 0, op, ": q ", q, " does not divide into ", heads, " heads");
    require_integers(op, "starts", starts);
    require(starts.columns >= 1, op, ": starts ", starts, " must have at least 1");
    const int32_t* rows = row<const int32_t>(starts, 0);
    require(rows[0] == 0 && rows[starts.columns - 1] == q.rows, op, ": segments go from ", rows[0], " to ", rows[starts.columns - 1],
            ", q has rows 0 to ", q.rows);
    for (int32_t s = 1; s < starts.columns; ++s) {
        require(rows[s] >= rows[s - 1], op, ": segment ", s - 1, " goes from ", rows[s - 1], " to ", rows[s]);
    }

    require_result(op, y, q.rows, q.columns);
}

void weighted_rows(const xllm_weight& table, const xllm_tensor& indices, const xllm_tensor& weights, const xllm_tensor& y) {
    constexpr const char* op = "weighted_rows";
    require_weight(op, "table", table);
    require_floats(op, "weights", weights);
    require(is_view(indices) && indices.dtype == XLLM_I32 && indices.rows == weights.rows && indices.columns == weights.columns, op,
            ": indices ", indices, " must be I32 and of the shape of weights ", weights);
    for (int32_t r = 0; r < indices.rows; ++r) {
        const int32_t* chosen = row<const int32_t>(indices, r);
        for (int32_t i = 0; i < indices.columns; ++i) {
            require(chosen[i] >= 0 && chosen[i] < table.rows, op, ": index ", chosen[i], " of row ", r, " is not in [0, ", table.rows,
                    "), the rows of ", table);
        }
    }

    require_result(op, y, indices.rows, table.columns);
}

void put_rows(const char* op, const xllm_tensor& x, const xllm_tensor& rows, const xllm_tensor& y) {
    require_floats(op, "x", x);
    require_integers(op, "rows", rows);
    require_floats(op, "y", y);
    require(y.rows == rows.columns && y.columns == x.columns, op, ": y ", y, " does not fit rows ", rows, " and x ", x);
    require_in_range(op, "row", rows, x.rows, x);
    const int32_t* places = row<const int32_t>(rows, 0);
    for (int32_t i = 1; i < rows.columns; ++i) {
        require(places[i] > places[i - 1], op, ": row ", places[i], " follows row ", places[i - 1], "; rows must ascend");
    }
}

}  // namespace xllm::checks

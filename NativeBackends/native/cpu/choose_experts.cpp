// ChooseExperts: every row's best experts and their weights
//
//   logits   [rows, experts] F32
//   bias     [1, experts] F32, added to the scores for the choice alone, or none
//   ids      [rows, chosen] I32; best first, the lower expert first among equals
//   weights  [rows, chosen] F32
//
// Scores are the softmax or the sigmoids of a row's logits. With groups, only experts of the best groups may be chosen.
// Rows are independent. Choosing takes experts * chosen comparisons, which is little beside the router's product.
//
// Sources: DeepSeek-V2, arXiv:2405.04434, section 2.2; DeepSeek-V3, arXiv:2412.19437, section 2.1.2.
// Checked against Reference/ReferenceOps.ChooseExperts.cs by tests/NativeBackends.Tests/ChooseExpertsTests.cs.
#include <cmath>

#include "cpu/exponential.h"
#include "cpu/kernels.h"
#include "cpu/row_pieces.h"

namespace xllm::cpu::XLLM_ISA {
namespace {

// Keeps a row whose chosen sigmoids are all 0 from dividing by 0; the reference implementations add the same.
constexpr float kLeastSum = 1e-20f;

void softmax(const float* logits, int count, float* scores) {
    float most = -INFINITY;
    for (int e = 0; e < count; ++e) {
        most = logits[e] > most ? logits[e] : most;
    }

    F32x16 total = zero();
    for (int e = 0; e < count; e += kLanes) {
        const int lanes = count - e < kLanes ? count - e : kLanes;
        store_up_to(scores + e, exponential(subtract(load_up_to(logits + e, lanes), broadcast(most))), lanes);
        total = add(total, load_up_to(scores + e, lanes));      // read back, so that lanes past the row are zeros
    }

    const F32x16 sum = broadcast(sum_of_lanes(total));
    for (int e = 0; e < count; e += kLanes) {
        const int lanes = count - e < kLanes ? count - e : kLanes;
        store_up_to(scores + e, divide(load_up_to(scores + e, lanes), sum), lanes);
    }
}

void sigmoid(const float* logits, int count, float* scores) {
    for (int e = 0; e < count; e += kLanes) {
        const int lanes = count - e < kLanes ? count - e : kLanes;
        const F32x16 power = exponential(subtract(zero(), load_up_to(logits + e, lanes)));
        store_up_to(scores + e, divide(broadcast(1.0f), add(broadcast(1.0f), power)), lanes);
    }
}

// The index of the greatest value that is not taken yet, the lower index first among equals; takes it.
int take_best(const float* values, int count, bool* taken) {
    int best = -1;
    for (int i = 0; i < count; ++i) {
        if (!taken[i] && (best < 0 || values[i] > values[best])) {
            best = i;
        }
    }

    taken[best] = true;
    return best;
}

float group_score(const float* choices, int size, bool sum_of_two) {
    float best = -INFINITY;
    float second = -INFINITY;
    for (int e = 0; e < size; ++e) {
        if (choices[e] > best) {
            second = best;
            best = choices[e];
        } else if (choices[e] > second) {
            second = choices[e];
        }
    }

    return sum_of_two && size > 1 ? best + second : best;
}

// Experts outside the best groups get minus infinity.
void exclude_groups(float* choices, int experts, const xllm_expert_routing& routing, float* scores_of_groups, bool* taken) {
    const int size = experts / routing.groups;
    for (int g = 0; g < routing.groups; ++g) {
        scores_of_groups[g] = group_score(choices + g * size, size, routing.group_score == XLLM_EXPERT_GROUP_SUMOFTWOBEST);
        taken[g] = false;
    }

    for (int i = 0; i < routing.chosen_groups; ++i) {
        take_best(scores_of_groups, routing.groups, taken);
    }

    for (int e = 0; e < experts; ++e) {
        choices[e] = taken[e / size] ? choices[e] : -INFINITY;
    }
}

}  // namespace

void choose_experts(ThreadPool& threads, const xllm_tensor& logits, const xllm_tensor* bias, const xllm_expert_routing& routing,
                    const xllm_tensor& ids, const xllm_tensor& weights) {
    const int experts = logits.columns;
    threads.reserve_scratch(static_cast<size_t>(3 * experts) * sizeof(float) + static_cast<size_t>(experts) * sizeof(bool));
    const int64_t step = kElementsOfPiece / (int64_t{experts} * (routing.chosen + 8)) + 1;
    for_each(threads, (logits.rows + step - 1) / step, [&](int64_t piece, int thread) {
        float* scores = static_cast<float*>(threads.scratch(thread));
        float* choices = scores + experts;
        float* scores_of_groups = choices + experts;
        bool* taken = reinterpret_cast<bool*>(scores_of_groups + experts);
        const int64_t end = (piece + 1) * step < logits.rows ? (piece + 1) * step : logits.rows;
        for (int64_t r = piece * step; r < end; ++r) {
            (routing.score == XLLM_EXPERT_SIGMOID ? sigmoid : softmax)(row<const float>(logits, r), experts, scores);
            for (int e = 0; e < experts; ++e) {
                choices[e] = bias == nullptr ? scores[e] : scores[e] + row<const float>(*bias, 0)[e];
            }

            if (routing.chosen_groups < routing.groups) {
                exclude_groups(choices, experts, routing, scores_of_groups, taken);
            }

            for (int e = 0; e < experts; ++e) {
                taken[e] = false;
            }

            int32_t* chosen = row<int32_t>(ids, r);
            float sum = 0;
            for (int i = 0; i < routing.chosen; ++i) {
                chosen[i] = take_best(choices, experts, taken);
                sum += scores[chosen[i]];
            }

            const float divisor = routing.normalize != 0 ? sum + kLeastSum : 1.0f;
            for (int i = 0; i < routing.chosen; ++i) {
                row<float>(weights, r)[i] = scores[chosen[i]] / divisor * routing.scale;
            }
        }
    });
}

}  // namespace xllm::cpu::XLLM_ISA

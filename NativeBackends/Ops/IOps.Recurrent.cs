namespace XLLM.NativeBackends.Ops;

public partial interface IOps
{
    /// <summary>x[r, c] *= sigmoid(gate[r, c / width]) with sigmoid(a) = 1 / (1 + exp(-a)) and width = columns of x / columns of the gate.</summary>
    /// <param name="x">F32 [rows, columns]; overwritten.</param>
    /// <param name="gate">F32 [rows, n]; n divides the columns of x: one number for each column, for each head, or for the whole row.</param>
    void SigmoidMultiply(Tensor x, Tensor gate);

    /// <summary>y[r, c] = silu(sum over j of weight[j, c] * input(p - Window + j, c)), p the row's position in its sequence; then keeps the last inputs.</summary>
    /// <param name="x">F32 [rows, columns]: the inputs of this step.</param>
    /// <param name="weight">F32 [Window + 1, columns]: the last row is for the row's own input.</param>
    /// <param name="state">What is kept of each sequence; its window is overwritten.</param>
    /// <param name="firstChannel">The columns of x are the state's channels from this one on.</param>
    /// <param name="batch">Rows and context lengths; the block tables are [sequences, 2 * state.Blocks]: the blocks that are read, then those that are written, which
    /// may be the same ones. There are no slots.</param>
    /// <returns>F32 [rows, columns].</returns>
    /// <remarks>
    /// input(q) is x where q is a row of this step, what the state has before that, and 0 before the sequence's start, where the state is not read.
    /// Source: Yang et al. 2024, arXiv:2412.06464, section 3.4.
    /// </remarks>
    Tensor ShortConvolution(Tensor x, Tensor weight, StateLayer state, int firstChannel, AttentionBatch batch);

    /// <summary>
    /// Attends linearly: each head has a matrix S [key columns, value columns], and every token, in order, makes
    /// delta = beta * (v - decay * S^T k), S = decay * S + k delta^T, y = S^T q; with decay = exp(-exp(LogDecay) * ln(1 + exp(Step + StepBias))), beta = sigmoid(Strength).
    /// </summary>
    /// <param name="q">F32 [rows, key heads * key columns], normalized and scaled; value head h reads key head h / (heads / key heads).</param>
    /// <param name="k">F32 [rows, key heads * key columns], normalized.</param>
    /// <param name="v">F32 [rows, heads * value columns].</param>
    /// <param name="gates">Decay and strength of each row and head.</param>
    /// <param name="state">The matrices; overwritten. Not read for a sequence whose context begins in this step: it starts from zeros.</param>
    /// <param name="batch">As for <see cref="ShortConvolution"/>.</param>
    /// <returns>F32 [rows, heads * value columns].</returns>
    /// <remarks>
    /// In the recurrent form alone, in prefill as in decode, so that chunking changes no bit (decision D2).
    /// Time: O(rows * heads * key columns * value columns), whatever the context.
    /// Source: Yang et al. 2024, arXiv:2412.06464 (Gated Delta Networks), equation 10.
    /// </remarks>
    Tensor GatedDeltaRule(Tensor q, Tensor k, Tensor v, DeltaGates gates, StateLayer state, AttentionBatch batch);
}

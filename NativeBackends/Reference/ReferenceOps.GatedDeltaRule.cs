using XLLM.NativeBackends.Ops;

namespace XLLM.NativeBackends.Reference;

internal sealed unsafe partial class ReferenceOps
{
    /// <inheritdoc/>
    public Tensor GatedDeltaRule(Tensor q, Tensor k, Tensor v, DeltaGates gates, StateLayer state, AttentionBatch batch)
    {
        OpChecks.GatedDeltaRule(q, k, v, gates, state, batch);
        var result = _workspace.Allocate(DType.F32, v.Rows, v.Columns);
        var shared = state.Heads / (q.Columns / state.KeyColumns);
        for (var s = 0; s < batch.Sequences; s++)
        {
            var (first, end) = (Integers(batch.RowStarts)[s], Integers(batch.RowStarts)[s + 1]);
            var blocks = Integers(batch.BlockTables, s);
            for (var h = 0; h < state.Heads && end > first; h++)
            {
                var matrix = StateMatrix(state, blocks[state.Blocks..], h);
                if (Integers(batch.ContextLengths)[s] == end - first)
                {
                    matrix.Clear();
                }
                else
                {
                    StateMatrix(state, blocks[..state.Blocks], h).CopyTo(matrix);
                }

                for (var r = first; r < end; r++)
                {
                    var rate = -Math.Exp(Floats(gates.LogDecay, 0)[h]);
                    var decay = Math.Exp(rate * SoftPlus((double)Floats(gates.Step, r)[h] + Floats(gates.StepBias, 0)[h]));
                    var beta = 1 / (1 + Math.Exp(-(double)Floats(gates.Strength, r)[h]));
                    TakeToken(
                        matrix,
                        Floats(q, r).Slice(h / shared * state.KeyColumns, state.KeyColumns),
                        Floats(k, r).Slice(h / shared * state.KeyColumns, state.KeyColumns),
                        Floats(v, r).Slice(h * state.ValueColumns, state.ValueColumns),
                        decay,
                        beta,
                        Floats(result, r).Slice(h * state.ValueColumns, state.ValueColumns));
                }
            }
        }

        return result;
    }

    /// <summary>One token of one head. The matrix is rounded after every token, as a step of one token would leave it.</summary>
    private static void TakeToken(Span<float> matrix, ReadOnlySpan<float> q, ReadOnlySpan<float> k, ReadOnlySpan<float> v, double decay, double beta, Span<float> y)
    {
        for (var c = 0; c < v.Length; c++)
        {
            double held = 0;
            for (var i = 0; i < k.Length; i++)
            {
                held += (double)matrix[(i * v.Length) + c] * k[i];
            }

            var delta = beta * (v[c] - (decay * held));
            double sum = 0;
            for (var i = 0; i < k.Length; i++)
            {
                ref var element = ref matrix[(i * v.Length) + c];
                element = (float)((decay * element) + (k[i] * delta));
                sum += (double)element * q[i];
            }

            y[c] = (float)sum;
        }
    }

    /// <summary>ln(1 + e^x), written so that nothing overflows.</summary>
    private static double SoftPlus(double x) => Math.Max(x, 0) + Math.Log(1 + Math.Exp(-Math.Abs(x)));

    private static Span<float> StateMatrix(StateLayer state, ReadOnlySpan<int> blocks, int head)
    {
        var (block, place) = Math.DivRem(state.FirstMatrix + head, state.MatricesPerBlock);
        return new((void*)(state.Pool + (nint)((blocks[block] * state.BlockStride) + (place * state.MatrixBytes))), state.KeyColumns * state.ValueColumns);
    }
}

using XLLM.NativeBackends.Ops;

namespace XLLM.NativeBackends.Reference;

internal sealed unsafe partial class ReferenceOps
{
    /// <inheritdoc/>
    public Tensor ShortConvolution(Tensor x, Tensor weight, StateLayer state, int firstChannel, AttentionBatch batch)
    {
        OpChecks.ShortConvolution(x, weight, state, firstChannel, batch);
        var result = _workspace.Allocate(DType.F32, x.Rows, x.Columns);
        for (var s = 0; s < batch.Sequences; s++)
        {
            var (first, end) = (Integers(batch.RowStarts)[s], Integers(batch.RowStarts)[s + 1]);
            var position = Integers(batch.ContextLengths)[s] - (end - first);
            var blocks = Integers(batch.BlockTables, s);
            for (var r = first; r < end; r++)
            {
                Convolve(r, position + r - first);
            }

            // The oldest first: where the same blocks are read and written, an input that stays is in its place already.
            var context = position + end - first;
            for (var p = Math.Max(0, context - state.Window); end > first && p < context; p++)
            {
                Input(p).CopyTo(WindowRow(state, blocks[state.Blocks..], p).Slice(firstChannel, x.Columns));
            }

            ReadOnlySpan<float> Input(int at) => at >= position
                ? Floats(x, first + at - position)
                : WindowRow(state, Integers(batch.BlockTables, s)[..state.Blocks], at).Slice(firstChannel, x.Columns);

            void Convolve(int row, int at)
            {
                for (var c = 0; c < x.Columns; c++)
                {
                    double sum = 0;
                    for (var j = Math.Max(0, state.Window - at); j <= state.Window; j++)
                    {
                        sum += (double)Floats(weight, j)[c] * Input(at - state.Window + j)[c];
                    }

                    Floats(result, row)[c] = (float)(sum / (1 + Math.Exp(-sum)));
                }
            }
        }

        return result;
    }

    /// <summary>The input of a position that the convolution looks back at: [channels].</summary>
    private static Span<float> WindowRow(StateLayer state, ReadOnlySpan<int> blocks, int position)
    {
        var (block, place) = Math.DivRem(state.FirstRow + (position % state.Window), state.RowsPerBlock);
        return new((void*)(state.Pool + (nint)((blocks[state.FirstRowBlock + block] * state.BlockStride) + (place * state.RowBytes))), state.Channels);
    }
}

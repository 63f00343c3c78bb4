using XLLM.NativeBackends.Ops;

namespace XLLM.NativeBackends.Decorators;

public partial class CheckingOps
{
    /// <inheritdoc/>
    public void SigmoidMultiply(Tensor x, Tensor gate)
    {
        var copy = Copy(x);
        _reference.SigmoidMultiply(copy, gate);
        inner.SigmoidMultiply(x, gate);
        Same(nameof(SigmoidMultiply), copy, x);
    }

    /// <inheritdoc/>
    public Tensor ShortConvolution(Tensor x, Tensor weight, StateLayer state, int firstChannel, AttentionBatch batch)
    {
        var states = States(state, batch);
        var expected = _reference.ShortConvolution(x, weight, state, firstChannel, batch);
        PutBack(states);
        return Same(nameof(ShortConvolution), expected, inner.ShortConvolution(x, weight, state, firstChannel, batch));
    }

    /// <inheritdoc/>
    public Tensor GatedDeltaRule(Tensor q, Tensor k, Tensor v, DeltaGates gates, StateLayer state, AttentionBatch batch)
    {
        var states = States(state, batch);
        var expected = _reference.GatedDeltaRule(q, k, v, gates, state, batch);
        PutBack(states);
        return Same(nameof(GatedDeltaRule), expected, inner.GatedDeltaRule(q, k, v, gates, state, batch));
    }

    /// <summary>What the blocks hold that are about to be written. A state may be read from the blocks that it is written to, so the second must find what the first found.</summary>
    private static unsafe List<(nint Address, byte[] Bytes)> States(StateLayer state, AttentionBatch batch)
    {
        var kept = new List<(nint, byte[])>();
        for (var sequence = 0; sequence < batch.Sequences; sequence++)
        {
            var row = new ReadOnlySpan<int>((int*)batch.BlockTables.Data + ((long)sequence * batch.BlockTables.RowStride), batch.BlockTables.Columns);
            foreach (var block in row[state.Blocks..])
            {
                var address = state.Pool + (nint)(block * state.BlockStride);
                kept.Add((address, new ReadOnlySpan<byte>((void*)address, checked((int)state.BlockStride)).ToArray()));
            }
        }

        return kept;
    }

    private static unsafe void PutBack(List<(nint Address, byte[] Bytes)> states)
    {
        foreach (var (address, bytes) in states)
        {
            bytes.CopyTo(new Span<byte>((void*)address, bytes.Length));
        }
    }
}

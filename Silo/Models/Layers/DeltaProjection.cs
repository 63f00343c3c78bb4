using XLLM.NativeBackends.Ops;
using XLLM.Silo.Weights;

namespace XLLM.Silo.Models.Layers;

/// <summary>What a gated delta net makes of its input first. Families differ in how the weights are stored, not in what they compute.</summary>
internal abstract class DeltaProjection
{
    /// <param name="x">[rows, hidden].</param>
    /// <param name="ops">The backend's operations.</param>
    public abstract DeltaParts Forward(Tensor x, IOps ops);
}

/// <summary>Parts of a gated delta net's input.</summary>
/// <param name="Joined">[rows, channels]: queries, keys and values side by side; null: they come one by one.</param>
/// <param name="Query">[rows, key heads * key columns].</param>
/// <param name="Key">[rows, key heads * key columns].</param>
/// <param name="Value">[rows, value heads * value columns].</param>
/// <param name="Gate">[rows, value heads * value columns]: on the result; may be overwritten.</param>
/// <param name="Strength">[rows, value heads].</param>
/// <param name="Step">[rows, value heads].</param>
internal readonly record struct DeltaParts(Tensor? Joined, Tensor Query, Tensor Key, Tensor Value, Tensor Gate, Tensor Strength, Tensor Step);

/// <summary>Qwen3-Next: two matrices whose rows are grouped by key head.</summary>
/// <param name="at">Where "in_proj_qkvz" and "in_proj_ba" are.</param>
/// <param name="hidden">Columns of the input.</param>
/// <param name="config">Heads and columns.</param>
internal sealed class GroupedDeltaProjection(Checkpoint at, int hidden, DeltaNetConfig config) : DeltaProjection
{
    private readonly Linear _queryKeyValueGate = new(at.At("in_proj_qkvz"), 2 * (config.KeyWidth + config.ValueWidth), hidden);
    private readonly Linear _strengthStep = new(at.At("in_proj_ba"), 2 * config.ValueHeads, hidden);

    /// <inheritdoc/>
    public override DeltaParts Forward(Tensor x, IOps ops)
    {
        // A key head's group: its query, its key, the values of its value heads, their gates.
        var all = _queryKeyValueGate.Forward(x, ops);
        var (keys, values) = (config.KeyColumns, config.Shared * config.ValueColumns);
        var group = 2 * (keys + values);
        var scalars = _strengthStep.Forward(x, ops);
        return new(
            null,
            ops.SliceHeads(all, group, 0, keys),
            ops.SliceHeads(all, group, keys, keys),
            ops.SliceHeads(all, group, 2 * keys, values),
            ops.SliceHeads(all, group, (2 * keys) + values, values),
            ops.SliceHeads(scalars, 2 * config.Shared, 0, config.Shared),
            ops.SliceHeads(scalars, 2 * config.Shared, config.Shared, config.Shared));
    }
}

/// <summary>Qwen3.5: a matrix for queries, keys and values one after the other, and one for each of the others.</summary>
/// <param name="at">Where "in_proj_qkv", "in_proj_z", "in_proj_b" and "in_proj_a" are.</param>
/// <param name="hidden">Columns of the input.</param>
/// <param name="config">Heads and columns.</param>
internal sealed class PlainDeltaProjection(Checkpoint at, int hidden, DeltaNetConfig config) : DeltaProjection
{
    private readonly Linear _queryKeyValue = new(at.At("in_proj_qkv"), config.Channels, hidden);
    private readonly Linear _gate = new(at.At("in_proj_z"), config.ValueWidth, hidden);
    private readonly Linear _strength = new(at.At("in_proj_b"), config.ValueHeads, hidden);
    private readonly Linear _step = new(at.At("in_proj_a"), config.ValueHeads, hidden);

    /// <inheritdoc/>
    public override DeltaParts Forward(Tensor x, IOps ops) => new(
        _queryKeyValue.Forward(x, ops), default, default, default, _gate.Forward(x, ops), _strength.Forward(x, ops), _step.Forward(x, ops));
}

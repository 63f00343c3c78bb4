using XLLM.NativeBackends.Ops;
using XLLM.Silo.Weights;

namespace XLLM.Silo.Models.Layers;

/// <summary>Linear attention: instead of keys and values of all tokens a matrix per head is kept, in which every token overwrites what its key finds there.</summary>
/// <remarks>
/// Queries and keys are normalized to length 1 (queries besides divided by the square root of their columns): with m columns that is a root-mean-square norm
/// whose weights are 1 / sqrt(m) and whose epsilon is the published 1e-6 / m.
/// Source: Yang et al. 2024, arXiv:2412.06464 (Gated Delta Networks).
/// </remarks>
internal sealed class GatedDeltaNet : IAttention
{
    /// <summary>Added to the squared length of queries and keys: a number of the published code, not of config.json.</summary>
    private const double LengthEpsilon = 1e-6;

    private readonly DeltaNetConfig _config;
    private readonly int _layer;
    private readonly DeltaProjection _projection;
    private readonly Tensor _kernels;
    private readonly Tensor _queryScale;
    private readonly Tensor _keyScale;
    private readonly float _lengthEpsilon;
    private readonly Tensor _logDecay;
    private readonly Tensor _stepBias;
    private readonly RmsNorm _norm;
    private readonly Linear _output;

    /// <param name="at">Where the projections, "conv1d", "A_log", "dt_bias", "norm" and "out_proj" are.</param>
    /// <param name="layer">Model layer: index into the step's states.</param>
    /// <param name="hidden">Columns of the input and of the result.</param>
    /// <param name="config">Heads and columns.</param>
    /// <param name="epsilon">Of the norm of every head's result.</param>
    /// <param name="projection">How the family stores what is made of the input.</param>
    public GatedDeltaNet(Checkpoint at, int layer, int hidden, DeltaNetConfig config, float epsilon, DeltaProjection projection)
    {
        (_config, _layer, _projection) = (config, layer, projection);
        _kernels = at.At("conv1d").Kernels("weight", config.Channels, config.KernelWidth);
        _queryScale = Constant("query scale", 1.0 / config.KeyColumns);
        _keyScale = Constant("key scale", 1 / Math.Sqrt(config.KeyColumns));
        _lengthEpsilon = (float)(LengthEpsilon / config.KeyColumns);
        _logDecay = at.Vector("A_log", config.ValueHeads);
        _stepBias = at.Vector("dt_bias", config.ValueHeads);
        _norm = new(at.At("norm"), config.ValueColumns, epsilon);
        _output = new(at.At("out_proj"), hidden, config.ValueWidth);

        Tensor Constant(string name, double value) => at.Constant(name, [.. Enumerable.Repeat((float)value, config.KeyColumns)]);
    }

    /// <inheritdoc/>
    public Tensor Forward(Tensor x, Tensor angles, ForwardBatch batch, IOps ops)
    {
        var parts = _projection.Forward(x, ops);
        var (state, attention) = (batch.States[_layer], batch.Attention[_layer]);

        // Every channel is convolved by itself, so queries, keys and values may come as one matrix or as three.
        var (q, k, v) = parts.Joined is { } joined
            ? Split(Convolve(joined, 0))
            : (Convolve(parts.Query, 0), Convolve(parts.Key, _config.KeyWidth), Convolve(parts.Value, 2 * _config.KeyWidth));
        ops.RmsNormHeads(q, _queryScale, _lengthEpsilon);                               // [rows, key heads * key columns]
        ops.RmsNormHeads(k, _keyScale, _lengthEpsilon);                                 // [rows, key heads * key columns]

        var gates = new DeltaGates(parts.Strength, parts.Step, _logDecay, _stepBias);
        var attended = ops.GatedDeltaRule(q, k, v, gates, state, attention);            // [rows, value heads * value columns]
        _norm.ForwardHeads(attended, ops);
        ops.SiluMultiply(parts.Gate, attended);
        return _output.Forward(parts.Gate, ops);                                        // [rows, hidden]

        Tensor Convolve(Tensor inputs, int channel) => ops.ShortConvolution(inputs, _kernels.ColumnSlice(channel, inputs.Columns), state, channel, attention);

        (Tensor Query, Tensor Key, Tensor Value) Split(Tensor all) =>
            (all.ColumnSlice(0, _config.KeyWidth), all.ColumnSlice(_config.KeyWidth, _config.KeyWidth), all.ColumnSlice(2 * _config.KeyWidth, _config.ValueWidth));
    }
}

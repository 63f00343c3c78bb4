using XLLM.NativeBackends.Ops;

namespace XLLM.Silo.Weights.Quantization;

/// <summary>Plain floats: a view of the file.</summary>
internal sealed class DenseScheme : IWeightScheme, IQuantization
{
    /// <summary>The only one needed.</summary>
    public static DenseScheme Instance { get; } = new();

    /// <inheritdoc/>
    public IWeightScheme SchemeOf(WeightParts parts) => this;

    /// <inheritdoc/>
    public HostWeight Read(WeightParts parts, int rows, int columns) => HostWeight.FromDense(parts.TakeDense(rows, columns));

    /// <inheritdoc/>
    public WeightSurvey Survey(WeightParts parts, int rows, int columns)
    {
        var tensor = parts.TakeDense(rows, columns);
        return new(tensor.DType.ToString(), tensor.Bytes);
    }
}

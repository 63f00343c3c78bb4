using XLLM.NativeBackends.Ops;

namespace XLLM.Silo.Weights;

/// <summary>Tensors of any shape without numbers: for a survey of a model whose weights are not at hand.</summary>
/// <param name="place">What stands in for the folder, for messages.</param>
internal sealed class ShapeSource(string place) : ITensorSource
{
    /// <inheritdoc/>
    public string Place { get; } = place;

    /// <inheritdoc/>
    public IReadOnlyCollection<string>? Names => null;

    /// <inheritdoc/>
    public long? TotalBytes => null;

    /// <inheritdoc/>
    public HostTensor? Find(string name, IReadOnlyList<int> shape, DType type = DType.BF16) => new(name, type, [.. shape], 0, this);
}

using XLLM.NativeBackends.Ops;

namespace XLLM.Silo.Weights;

/// <summary>Where a checkpoint's tensors come from.</summary>
internal interface ITensorSource
{
    /// <summary>The folder or file, for messages.</summary>
    string Place { get; }

    /// <summary>Every tensor that is there; null where tensors are made on demand.</summary>
    IReadOnlyCollection<string>? Names { get; }

    /// <summary>Bytes of all tensors; null where tensors are made on demand.</summary>
    long? TotalBytes { get; }

    /// <summary>Finds a tensor.</summary>
    /// <param name="name">Full name.</param>
    /// <param name="shape">The shape that the model needs: what a source that makes tensors makes. Others may find another shape.</param>
    /// <param name="type">The type that a source that makes tensors makes. Others may find another type.</param>
    /// <returns>The tensor, or null where there is none of that name.</returns>
    /// <exception cref="CheckpointException">It is there, but cannot be used.</exception>
    HostTensor? Find(string name, IReadOnlyList<int> shape, DType type = DType.BF16);

    /// <summary>Finds a tensor for its type and shape alone: a source that brings tensors into another order does not do it here. Its numbers must not be read.</summary>
    HostTensor? Describe(string name, IReadOnlyList<int> shape, DType type = DType.BF16) => Find(name, shape, type);
}

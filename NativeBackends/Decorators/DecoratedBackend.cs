using XLLM.NativeBackends.Ops;

namespace XLLM.NativeBackends.Decorators;

/// <summary>A backend whose ops go through another op set, which watches them. All else is the backend's own.</summary>
/// <param name="inner">Owned: disposed with this.</param>
/// <param name="ops">What stands before <paramref name="inner"/>'s ops; disposed with this where it can be.</param>
public sealed class DecoratedBackend(IBackend inner, IOps ops) : IBackend
{
    /// <inheritdoc/>
    public string Name => inner.Name;

    /// <inheritdoc/>
    public string Description => inner.Description;

    /// <inheritdoc/>
    public IOps Ops => ops;

    /// <summary>A backend that compares each of its ops with the reference.</summary>
    public static DecoratedBackend Checking(IBackend inner) => new(inner, new CheckingOps(inner.Ops));

    /// <inheritdoc/>
    public Weight ImportWeight(HostWeight source) => inner.ImportWeight(source);

    /// <inheritdoc/>
    public Tensor ImportVector(HostTensor source) => inner.ImportVector(source);

    /// <inheritdoc/>
    public DeviceMemory Allocate(long bytes) => inner.Allocate(bytes);

    /// <inheritdoc/>
    public void Upload(ReadOnlySpan<byte> source, nint destination) => inner.Upload(source, destination);

    /// <inheritdoc/>
    public void Download(nint source, Span<byte> destination) => inner.Download(source, destination);

    /// <inheritdoc/>
    public void Dispose()
    {
        if (ops is IDisposable own && !ReferenceEquals(ops, inner.Ops))
        {
            own.Dispose();
        }

        inner.Dispose();
    }
}

using Orleans.Runtime;

namespace XLLM.Grains.Replicas;

/// <summary>Ends the streams of all callers when the silo stops, after its generations were drained. Orleans would wait for each reader's long poll instead: half a response timeout, 15 s.</summary>
internal sealed class StreamsClosing : ILifecycleParticipant<ISiloLifecycle>, IDisposable
{
    private readonly CancellationTokenSource _closing = new();

    /// <summary>The silo stops.</summary>
    public CancellationToken Token => _closing.Token;

    /// <inheritdoc/>
    public void Participate(ISiloLifecycle observer) => observer.Subscribe(nameof(StreamsClosing), ServiceLifecycleStage.Active, _ => Task.CompletedTask, _ => CloseAsync());

    /// <summary>Ends them, and refuses further ones.</summary>
    public Task CloseAsync() => _closing.CancelAsync();

    /// <inheritdoc/>
    public void Dispose() => _closing.Dispose();
}

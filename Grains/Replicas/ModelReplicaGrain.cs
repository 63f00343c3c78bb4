using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Orleans.Placement;
using XLLM.Grains.Diagnostics;
using XLLM.Grains.Interfaces;
using XLLM.Grains.Interfaces.Generation;
using XLLM.Grains.Interfaces.Replicas;
using XLLM.Grains.Placement;
using XLLM.Grains.Ports;

namespace XLLM.Grains.Replicas;

/// <summary>Gives a silo's engine a place in the cluster: identity, location, lifetime. Holds no tokens and makes no decisions.</summary>
/// <remarks>
/// Generations interleave without <c>[Reentrant]</c>: Orleans marks every step of an <see cref="IAsyncEnumerable{T}"/> call
/// <c>[AlwaysInterleave]</c>. So no invariant may span an await; the one mutable field is a counter.
/// Nothing survives a deactivation: a caller whose stream breaks goes on on another replica.
/// </remarks>
[GrainType("xllm.replica"), SiloPinned, Immovable, KeepAlive]
internal sealed partial class ModelReplicaGrain(IModelHost host, TimeProvider clock, GrainInstruments instruments, ILogger<ModelReplicaGrain> logger) : Grain, IModelReplicaGrain
{
    private int _running;

    /// <inheritdoc/>
    public ValueTask<ReplicaLoad> GetLoadAsync() => ValueTask.FromResult(Hosted().Engine.Load);

    /// <inheritdoc/>
    public async IAsyncEnumerable<GenerationEvent> GenerateAsync(GenerationRequest request, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        // A real iterator, not a forwarded one: only here does Orleans cancel the token when the caller leaves, and only so does the generation get disposed.
        if (host.Find(ReplicaKey.Parse(this.GetPrimaryKeyString()).Model) is not { } model)
        {
            // An event, not an exception: its caller asks another replica. It was chosen before the router heard that it went.
            yield return new GenerationEnded { Reason = EndReason.Unavailable, Usage = new Usage(request.PromptTokens.Length, 0, 0), Message = $"silo {RuntimeIdentity} does not serve '{request.Model}' any more" };
            yield break;
        }

        var started = clock.GetTimestamp();
        _running++;
        instruments.GenerationStarted(request.Model);
        try
        {
            await using var generation = model.Engine.Start(request);       // disposed however we leave: the blocks come back
            await foreach (var next in generation.WithCancellation(cancellationToken))
            {
                yield return next;
            }
        }
        finally
        {
            _running--;
            instruments.GenerationEnded(request.Model);
            LogGenerationEnded(request.RequestId, clock.GetElapsedTime(started), _running);
        }
    }

    private IHostedModel Hosted()
    {
        var model = ReplicaKey.Parse(this.GetPrimaryKeyString()).Model;
        return host.Find(model) ?? throw new RequestException(RequestErrors.Unavailable, $"silo {RuntimeIdentity} does not serve '{model}' now");
    }
}

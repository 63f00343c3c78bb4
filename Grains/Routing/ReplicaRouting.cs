using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Runtime;
using XLLM.Grains.Diagnostics;
using XLLM.Grains.Interfaces;
using XLLM.Grains.Interfaces.Catalog;
using XLLM.Grains.Interfaces.Client;
using XLLM.Grains.Interfaces.Routing;
using XLLM.Grains.Prefixes;

namespace XLLM.Grains.Routing;

/// <summary>This silo's view of all replicas: reads the catalog when its view is old, and lets the configured policy choose. One per silo, shared by all router activations.</summary>
/// <remarks>While the catalog cannot be read, or not at once, the old view serves on, so a catalog whose silo died stops no request.</remarks>
internal sealed partial class ReplicaRouting(
    IGrainFactory grains, ISiloStatusOracle silos, ILocalSiloDetails local, IEnumerable<IReplicaSelector> selectors,
    IOptions<RoutingOptions> options, IPrefixView prefixes, TimeProvider clock, GrainInstruments instruments, ILogger<ReplicaRouting> logger)
{
    /// <summary>How long a choice waits for a newer view. A read takes about 1 ms; more means that the catalog's silo is in trouble.</summary>
    private static readonly TimeSpan ReadPatience = TimeSpan.FromMilliseconds(50);

    private readonly ConcurrentDictionary<string, View> _views = new(StringComparer.Ordinal);
    private readonly RoutingOptions _options = options.Value;
    private readonly IReplicaSelector _selector = selectors.Single(selector => selector.Name == options.Value.Policy);
    private readonly long _started = clock.GetTimestamp();
    private readonly ulong _seed = (ulong)local.SiloAddress.GetConsistentHashCode();

    /// <summary>Chooses a replica.</summary>
    /// <exception cref="RequestException">No such model, or no replica of it can take the request now.</exception>
    public async Task<ReplicaChoice> ChooseAsync(string model, RoutingRequest request)
    {
        var view = _views.GetOrAdd(model, static (name, self) => new View(self.Know(name)), this);
        var reading = Refresh(model, view);
        if (!reading.IsCompleted && view.ReadAt is not null)
        {
            await Task.WhenAny(reading, Task.Delay(ReadPatience, clock));
        }
        else
        {
            await reading;
        }

        ReplicaChoice choice;
        try
        {
            choice = Choose(view, request);
        }
        catch (RequestException) when (!reading.IsCompleted)
        {
            await reading;                          // the old view has nobody
            choice = Choose(view, request);
        }

        instruments.Chosen(model, choice.Reason);
        return choice;
    }

    /// <summary>What was chosen for has ended.</summary>
    /// <param name="model">Model name.</param>
    /// <param name="ticket"><see cref="ReplicaChoice.Ticket"/> of a choice of this silo; others are ignored.</param>
    public void Ended(string model, long ticket)
    {
        if (_views.TryGetValue(model, out var view))
        {
            view.Replicas.Ended(ticket);
        }
    }

    private ReplicaChoice Choose(View view, RoutingRequest request) => view.Replicas.Choose(_selector, request, silos.IsDeadSilo, Now);

    private ModelReplicas Know(string model) => new(model, _seed, prefixes, _options);

    private TimeSpan Now => clock.GetElapsedTime(_started);

    /// <summary>The read of the catalog that a choice should see; completed where the view is young enough.</summary>
    private Task Refresh(string model, View view)
    {
        if (view.ReadAt is { } readAt && clock.GetElapsedTime(readAt) < _options.RefreshPeriod)
        {
            return Task.CompletedTask;
        }

        // Callers that come meanwhile wait for the same read.
        lock (view)
        {
            return view.Reading ??= ReadAsync(model, view);
        }
    }

    private async Task ReadAsync(string model, View view)
    {
        await Task.Yield();                         // so that Reading is set before it can be cleared
        try
        {
            var replicas = await grains.GetGrain<IModelCatalogGrain>(0).ListReplicasAsync(model);
            view.Replicas.Update(replicas, Now);
            view.ReadAt = clock.GetTimestamp();
            if (replicas.Length == 0)
            {
                _views.TryRemove(model, out _);     // names that nobody serves must not pile up
            }
        }
        catch (Exception exception) when (ReplicaLoss.Is(exception) || view.ReadAt is not null)
        {
            // Whatever it is, what was known before is better than nothing.
            LogCatalogLost(exception, model);
            view.ReadAt = clock.GetTimestamp();
        }
        finally
        {
            lock (view)
            {
                view.Reading = null;
            }
        }
    }

    private sealed class View(ModelReplicas replicas)
    {
        public ModelReplicas Replicas { get; } = replicas;

        public long? ReadAt { get; set; }

        public Task? Reading { get; set; }
    }
}

using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Serialization;
using Orleans.Storage;
using Orleans.TestingHost;
using XLLM.Grains.Catalog;
using XLLM.Grains.Hosting;
using XLLM.Grains.Interfaces.Catalog;
using XLLM.Grains.Interfaces.Chat;
using XLLM.Grains.Interfaces.Client;
using XLLM.Grains.Interfaces.Generation;
using XLLM.Grains.Interfaces.Replicas;
using XLLM.Grains.Ports;

namespace XLLM.Grains.Tests.Fakes;

/// <summary>Real silos and a real client in the test's process; only the ports are faked.</summary>
internal sealed class GrainCluster : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, FakeModelHost> _hosts = new();
    private readonly ConcurrentDictionary<string, (byte[] Payload, int Version)> _rows = new();

    private GrainCluster(InProcessTestClusterBuilder builder, Func<int, FakeModelHost> models, Action<ISiloBuilder>? configure)
    {
        builder.Options.ConfigureFileLogging = false;
        SetTestDirectory(builder.Options, false);
        builder.ConfigureSilo((siloOptions, silo) =>
        {
            // Silos are configured at the same time; without the lock two of them could both be number 0.
            FakeModelHost host;
            lock (_hosts)
            {
                host = _hosts.GetOrAdd(siloOptions.SiloName, _ => models(_hosts.Count));
            }

            silo.Services.AddKeyedSingleton<IGrainStorage>(StorageNames.Default, (services, _) => new SharedStorage(services.GetRequiredService<Serializer>(), _rows));
            silo.Services.AddSingleton<IModelHost>(host);
            silo.AddXllmGrains();
            // Often, so that tests are fast; patient, since a busy machine delays timers by seconds.
            silo.Configure<CatalogOptions>(catalog => (catalog.HeartbeatPeriod, catalog.MissedHeartbeats) = (TimeSpan.FromMilliseconds(200), 100));
            silo.Configure<ClusterMembershipOptions>(membership => (membership.ProbeTimeout, membership.NumMissedProbesLimit) = (TimeSpan.FromSeconds(1), 2));
            configure?.Invoke(silo);
        });
        builder.ConfigureClient(client => client.Services.AddXllmClient());
        Cluster = builder.Build();
    }

    public InProcessTestCluster Cluster { get; }

    /// <summary>As a business service sees it: from outside the cluster.</summary>
    public IInferenceClient Client => ClientServices.GetRequiredService<IInferenceClient>();

    public IServiceProvider ClientServices => Cluster.Client.ServiceProvider;

    public static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    /// <summary>Starts silos that all serve a model "tiny", or what <paramref name="models"/> gives the silo of that number.</summary>
    public static async Task<GrainCluster> StartAsync(short silos = 1, Func<int, FakeModelHost>? models = null, Action<ISiloBuilder>? configure = null)
    {
        var cluster = new GrainCluster(new InProcessTestClusterBuilder(silos), models ?? (_ => new FakeModelHost(new FakeModel())), configure);
        await cluster.Cluster.DeployAsync(Cancelled);
        if (silos > 1)
        {
            await cluster.Cluster.WaitForLivenessToStabilizeAsync();
            await cluster.Cluster.WaitForClusterManifestToStabilizeAsync();
            await cluster.AllAreAnnouncedAsync();
        }

        return cluster;
    }

    public FakeModelHost Host(InProcessSiloHandle silo) => _hosts[silo.Name];

    public FakeModel Model(int silo = 0) => Host(Cluster.Silos[silo]).Model;

    /// <summary>As the gateway sees it: from a silo.</summary>
    public IInferenceClient ClientIn(InProcessSiloHandle silo) => silo.ServiceProvider.GetRequiredService<IInferenceClient>();

    public IModelReplicaGrain Replica(InProcessSiloHandle silo, string model = "tiny") =>
        Cluster.Client.GetGrain<IModelReplicaGrain>(new ReplicaKey(model, silo.SiloAddress.ToParsableString()).ToString());

    public static ChatRequest Chat(string text, string? session = null, long? seed = null, string model = "tiny", string? id = null) => new()
    {
        RequestId = id ?? Guid.NewGuid().ToString("n"),
        Model = model,
        Messages = [ChatMessage.FromText("user", text)],
        Sampling = new SamplingParameters { Seed = seed },
        SessionId = session,
    };

    /// <summary>Reads a turn to its end and checks its shape: started first, ended last, each once.</summary>
    public static async Task<Turn> ReadAsync(IAsyncEnumerable<ChatEvent> turn)
    {
        var events = new List<ChatEvent>();
        await foreach (var next in turn.WithCancellation(Cancelled))
        {
            events.Add(next);
        }

        Assert.IsType<ChatStarted>(events[0]);
        Assert.IsType<ChatEnded>(events[^1]);
        Assert.Equal(2, events.Count(next => next is ChatStarted or ChatEnded));
        return new Turn(events);
    }

    /// <summary>Waits until the catalog knows every replica: a request in a cluster that starts may be answered by the only silo that has called in.</summary>
    private async Task AllAreAnnouncedAsync()
    {
        var catalog = Cluster.Client.GetGrain<IModelCatalogGrain>(0);
        while (await AreMissingAsync())
        {
            await Task.Delay(10, Cancelled);
        }

        async Task<bool> AreMissingAsync()
        {
            foreach (var model in Cluster.Silos.SelectMany(silo => silo.ServiceProvider.GetRequiredService<IModelHost>().Models).CountBy(model => model.Descriptor.Name))
            {
                if ((await catalog.ListReplicasAsync(model.Key)).Length < model.Value)
                {
                    return true;
                }
            }

            return false;
        }
    }

    public ValueTask DisposeAsync() => Cluster.DisposeAsync();

    /// <summary>Off: silos have the grain directory that they have in production, whose entries die with the silo that holds them, instead of one that survives every silo.</summary>
    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "set_UseTestClusterGrainDirectory")]
    private static extern void SetTestDirectory(InProcessTestClusterOptions options, bool value);
}

/// <summary>A turn that was read to its end.</summary>
internal sealed record Turn(List<ChatEvent> Events)
{
    public string Text => string.Concat(Events.OfType<ContentDelta>().Select(delta => delta.Text));

    public ChatEnded Ended => (ChatEnded)Events[^1];
}

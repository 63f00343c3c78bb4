using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using XLLM.Grains.Ports;
using XLLM.NativeBackends.Ops;
using XLLM.Silo.Execution;
using XLLM.Silo.Models;
using XLLM.Silo.Transfer;
using XLLM.Silo.Transfer.Peers;

namespace XLLM.Silo.Hosting;

/// <summary>Makes the tiers of each model, and the one side channel of this silo by which others fetch blocks.</summary>
internal sealed class KvTierFactory : IAsyncDisposable
{
    private readonly ConcurrentDictionary<LayoutFingerprint, KvTiers> _lenders = new();
    private readonly SiloOptions _options;
    private readonly IKvStores _stores;
    private readonly IKvPeers _peers;
    private readonly TimeProvider _clock;
    private readonly ILoggerFactory _loggers;
    private readonly Lazy<PeerServer?> _server;

    public KvTierFactory(SiloOptions options, IKvStores stores, IKvPeers peers, TimeProvider clock, ILoggerFactory loggers)
    {
        (_options, _stores, _peers, _clock, _loggers) = (options, stores, peers, clock, loggers);
        _server = new Lazy<PeerServer?>(Listen);        // with the first model: a silo without one has nothing to lend
    }

    /// <summary>Makes the tiers of a model; null where they are off. Give them back with <see cref="Withdraw"/>.</summary>
    /// <param name="source">Its files.</param>
    /// <param name="loaded">The model.</param>
    /// <param name="backend">What computes it.</param>
    /// <param name="pool">Its KV blocks.</param>
    /// <param name="feed">Tells which prefixes are here.</param>
    /// <exception cref="StartException">The port for peers is taken.</exception>
    public KvTiers? Create(ModelSource source, LoadedModel loaded, IBackend backend, KvPool pool, KvChangeFeed feed)
    {
        // A prefix of a model with recurrent states is nothing without its state, and states stay on the device.
        if (_options.KvTiers.HostBytes == 0 || !_options.Engine.PrefixCaching || pool.Geometry.StateBlocks > 0)
        {
            return null;
        }

        var layout = Fingerprint(source, loaded, backend, pool);
        var tiers = new KvTiers(
            new TierSetup
            {
                Model = source.Name,
                Layout = layout,
                Groups = loaded.Model.KvLayout.Groups.Count,
                BlockTokens = pool.BlockTokens,
                BlockBytes = pool.BytesPerBlock,
                ElementBytes = pool.Geometry.DType.Size(),
                Feed = feed,
            },
            _options.KvTiers,
            _options.KvTiers.StorageBytes > 0 ? _stores.Open(source.Name, layout.ToString(), _options.KvTiers.StorageBytes) : null,
            _peers,
            _server.Value is null ? null : new PeerClient(_options.KvTiers.PeerSecret),
            _clock,
            _loggers.CreateLogger<KvTiers>());
        feed.PeerEndpoint = _server.Value?.Endpoint;
        _lenders[layout] = tiers;
        return tiers;
    }

    /// <summary>A model's blocks are lent no more.</summary>
    public void Withdraw(KvTiers tiers) => _lenders.TryRemove(KeyValuePair.Create(tiers.Layout, tiers));

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _server is { IsValueCreated: true, Value: { } server } ? server.DisposeAsync() : ValueTask.CompletedTask;

    private PeerServer? Listen()
    {
        if (_options.KvTiers is not { PeerPort: > 0 } tiers)
        {
            return null;
        }

        try
        {
            return new PeerServer(
                IPAddress.Parse(tiers.PeerHost), tiers.PeerPort, tiers.PeerSecret, layout => _lenders.GetValueOrDefault(layout), _loggers.CreateLogger<PeerServer>());
        }
        catch (SocketException exception)
        {
            throw new StartException($"{tiers.PeerHost}:{tiers.PeerPort}, where other silos fetch KV blocks, cannot be listened on: {exception.Message}; choose another Xllm:KvTiers:PeerPort", exception);
        }
    }

    /// <summary>All that a block's bytes depend on beside its tokens. Numbers differ between backends, instruction sets and builds of the kernels (decision D2), so those are in it.</summary>
    private LayoutFingerprint Fingerprint(ModelSource source, LoadedModel loaded, IBackend backend, KvPool pool)
    {
        var description = backend.Description;
        var comma = description.LastIndexOf(',');      // "AVX-512, 2 threads": threads change no bit
        var groups = loaded.Model.KvLayout.Groups.Select(group => string.Create(
            CultureInfo.InvariantCulture, $"{group.Kind}/{group.KvHeads}x{group.HeadSize}/{string.Join(' ', group.Layers)}/{group.Index?.Columns}:{string.Join(' ', group.Index?.Layers ?? [])}"));
        return LayoutFingerprint.Of(
            [
                WeightsFingerprint.Of(source.Folder),
                _options.LoadFormat,
                _options.Quantize,
                loaded.Info.Architecture,
                backend.Name,
                comma < 0 ? description : description[..comma],
                KernelBuild(),
                pool.Geometry.DType.ToString(),
                pool.BlockTokens.ToString(CultureInfo.InvariantCulture),
                pool.BytesPerBlock.ToString(CultureInfo.InvariantCulture),
                .. groups,
            ]);
    }

    private static string KernelBuild()
    {
        var assembly = typeof(IBackend).Assembly;
        var native = Directory.EnumerateFiles(AppContext.BaseDirectory, "*xllm_native*").Order(StringComparer.Ordinal).Select(WeightsFingerprint.Of);
        return $"{assembly.ManifestModule.ModuleVersionId} {string.Join(' ', native)}";
    }
}

using XLLM.Grains.Interfaces.Replicas;
using XLLM.Grains.Interfaces.Routing;
using XLLM.Grains.Ports;
using XLLM.Silo.KvCache;
using XLLM.Silo.Transfer.Forms;
using XLLM.Silo.Transfer.Peers;

namespace XLLM.Silo.Transfer;

/// <summary>A model's KV blocks outside the device pool: host memory, grain storage, other silos. Owns the parts and joins them.</summary>
/// <remarks>The engine's loop tells events and takes copies; everything else is thread-safe.</remarks>
internal sealed partial class KvTiers : IKvTiers, IPeerLender, IAsyncDisposable
{
    private const int LeastStagingBlocks = 8;

    private readonly string _model;
    private readonly KvTierOptions _options;
    private readonly TierParts _parts;
    private readonly ILogger _logger;
    private readonly IKvStore? _store;
    private readonly StoreWriter? _writer;
    private KvBlockManager? _blocks;
    private Action _wake = () => { };

    /// <param name="setup">What the tiers are for.</param>
    /// <param name="options">Checked; <see cref="KvTierOptions.HostBytes"/> is over 0.</param>
    /// <param name="store">Storage; null: none.</param>
    /// <param name="peers">Knows who else holds prefixes; null: nobody.</param>
    /// <param name="client">Fetches from them; null: nobody does.</param>
    /// <param name="clock">Measures loads.</param>
    /// <param name="logger">Hears of what is lost.</param>
    /// <exception cref="ArgumentException">The form is none for these elements.</exception>
    public KvTiers(TierSetup setup, KvTierOptions options, IKvStore? store, IKvPeers? peers, PeerClient? client, TimeProvider clock, ILogger<KvTiers> logger)
    {
        (_model, _options, _store, _logger) = (setup.Model, options, store, logger);

        // A few blocks must be able to be under way, however large they are.
        var staging = Math.Max(options.StagingBytes, LeastStagingBlocks * (setup.BlockBytes + HostBlock.HeaderBytes));
        var memory = new HostMemory(checked((int)setup.BlockBytes), options.HostBytes + staging);
        var host = new HostTier(options.HostBytes);
        var (hostCounters, storageCounters, pending) = (new TierCounters(), new TierCounters(), new PendingWork());
        var forms = new KvForms(setup.ElementBytes);
        Feed = setup.Feed;
        Feed.HostNames = host.Names;
        _writer = store is null ? null : new StoreWriter(store, storageCounters, pending, clock, logger);
        _parts = new TierParts
        {
            Options = options,
            Layout = setup.Layout,
            Groups = setup.Groups,
            BlockTokens = setup.BlockTokens,
            Forms = forms,
            Memory = memory,
            Host = (host, hostCounters),
            Storage = (storageCounters, store is not null),
            Peers = (new TierCounters(), client is not null),
            Costs = new KvCosts(),
            Feed = Feed,
            Pending = pending,
            Worker = new TierWorker(setup.Model, options, setup.Layout, forms[options.Form], memory, host, _writer, Feed, hostCounters, pending, logger),
        };
        Copies = new TierCopies(options, host, memory, hostCounters);
        Loader = new PrefixLoader(_parts, store, peers, client, clock, logger);
        _parts.Worker.Idle = () => _wake();
        Loader.Wake = () => _wake();
    }

    /// <summary>The bytes' meaning.</summary>
    public LayoutFingerprint Layout => _parts.Layout;

    /// <summary>What computing and loading cost.</summary>
    public KvCosts Costs => _parts.Costs;

    /// <summary>Tells which prefixes are here.</summary>
    public KvChangeFeed Feed { get; }

    /// <summary>Copies of the step that is being planned. The engine's loop owns it.</summary>
    public TierCopies Copies { get; }

    /// <summary>Loads for prompts that wait.</summary>
    public PrefixLoader Loader { get; }

    /// <summary>Groups of layers.</summary>
    public int Groups => _parts.Groups;

    /// <summary>Host memory that is lent now: the host tier's, and that of blocks on their way.</summary>
    public long LentBytes => _parts.Memory.LentBytes;

    /// <summary>Whether the loop should plan a step of copies alone. Thread-safe.</summary>
    public bool HasCopies => Copies.IdleBlocks > 0 || Copies.HasWanted;

    /// <summary>The pool's books, and what wakes the engine's loop. Set once, before the engine starts.</summary>
    public void Attach(KvBlockManager blocks, Action wake)
    {
        (_blocks, _wake, Copies.Blocks) = (blocks, wake, blocks);
        Feed.Wake = wake;
    }

    /// <summary>The copies of a step were made, or not. Called by the engine's loop.</summary>
    /// <param name="outgoing">Copies from the pool.</param>
    /// <param name="incoming">Copies to the pool.</param>
    /// <param name="hasCopied">Whether all were made.</param>
    public void Copied(List<BlockCopy> outgoing, List<BlockCopy> incoming, bool hasCopied)
    {
        for (var i = 0; i < outgoing.Count; i++)
        {
            var copy = outgoing[i];
            if (hasCopied)
            {
                _parts.Worker.Add(copy.Name, copy.Host);
            }
            else
            {
                _parts.Host.Tier.Unexpect(copy.Name);
                copy.Host.Release();
            }
        }

        for (var i = 0; i < incoming.Count; i++)
        {
            incoming[i].Host.Release();
        }

        _parts.Host.Counters.Promoted(incoming.Count);
    }

    /// <summary>Completes when nothing is being sealed, stored or loaded.</summary>
    public Task WhenSettledAsync() => _parts.Pending.WhenNone();

    /// <inheritdoc/>
    public async Task<KvTierSnapshot> GetSnapshotAsync()
    {
        var (hostBlocks, hostBytes) = _parts.Host.Tier.Size;
        var tiers = new List<KvTierContents> { Device(), Contents("host", hostBlocks, hostBytes, _options.HostBytes, _parts.Host.Counters) };
        if (_store is not null)
        {
            tiers.Add(await StorageAsync(_store));
        }

        if (_parts.Peers.IsThere)
        {
            tiers.Add(Contents("peers", 0, 0, 0, _parts.Peers.Counters));
        }

        return new KvTierSnapshot(_model, [.. tiers]);
    }

    /// <summary>Contents and counts of a tier of this process, for metrics. Thread-safe, at once.</summary>
    public IEnumerable<KvTierContents> LocalContents()
    {
        var (blocks, bytes) = _parts.Host.Tier.Size;
        yield return Contents("host", blocks, bytes, _options.HostBytes, _parts.Host.Counters);
        if (_store is not null)
        {
            yield return Contents("storage", 0, 0, _options.StorageBytes, _parts.Storage.Counters);
        }

        if (_parts.Peers.IsThere)
        {
            yield return Contents("peers", 0, 0, 0, _parts.Peers.Counters);
        }
    }

    /// <inheritdoc/>
    public async Task ClearAsync()
    {
        foreach (var name in _parts.Host.Tier.Clear())
        {
            Feed.Host(name, isStored: false);
        }

        if (_store is not null)
        {
            await _store.ClearAsync();
        }
    }

    /// <inheritdoc/>
    public void Prepare(ReadOnlySpan<PrefixHash> hashes, int groups)
    {
        foreach (var hash in hashes)
        {
            for (var group = 0; group < groups; group++)
            {
                var name = new KvBlockName(hash, group);
                if (!_parts.Host.Tier.HasOrExpects(name))
                {
                    Copies.Want(name);
                }
            }
        }

        _wake();
    }

    /// <inheritdoc/>
    public async Task<HostBlock?> LendAsync(KvBlockName name, CancellationToken cancellationToken)
    {
        if (!_parts.Host.Tier.Has(name))
        {
            var known = _parts.Host.Tier.WhenKnown(name);
            Copies.Want(name);      // in case the loop has answered before anybody waited
            _wake();
            await known.WaitAsync(cancellationToken);
        }

        return _parts.Host.Tier.TryTake(name, out var packet) ? packet : null;
    }

    /// <summary>Seals and stores what waits, then ends. The engine has stopped.</summary>
    public async ValueTask DisposeAsync()
    {
        _wake = () => { };
        _parts.Worker.Dispose();
        if (_writer is not null)
        {
            await _writer.DisposeAsync();
        }

        await _parts.Pending.WhenNone();
        _parts.Host.Tier.Clear();
        _parts.Memory.Dispose();
        _parts.Forms.Dispose();
    }

    private async Task<KvTierContents> StorageAsync(IKvStore store)
    {
        try
        {
            var (blocks, bytes) = await store.GetSizeAsync();
            return Contents("storage", blocks, bytes, _options.StorageBytes, _parts.Storage.Counters);
        }
        catch (Exception exception)
        {
            LogNoAnswer(exception);
            return Contents("storage", 0, 0, _options.StorageBytes, _parts.Storage.Counters) with { IsAvailable = false };
        }
    }

    [LoggerMessage(3231, LogLevel.Warning, "KV storage does not say what it has")]
    private partial void LogNoAnswer(Exception exception);

    private KvTierContents Device()
    {
        var blocks = _blocks?.CachedBlocks ?? 0;
        return new KvTierContents
        {
            Name = "device",
            Blocks = blocks,
            Bytes = (long)blocks * _parts.Memory.BlockBytes,
            CapacityBytes = (long)(_blocks?.TotalBlocks ?? 0) * _parts.Memory.BlockBytes,
            Hits = (_blocks?.HitTokens ?? 0) / _parts.BlockTokens,
            Misses = ((_blocks?.QueriedTokens ?? 0) - (_blocks?.HitTokens ?? 0)) / _parts.BlockTokens,
            Evictions = _blocks?.Evictions ?? 0,
        };
    }

    private static KvTierContents Contents(string name, long blocks, long bytes, long capacity, TierCounters counters) => new()
    {
        Name = name,
        Blocks = blocks,
        Bytes = bytes,
        CapacityBytes = capacity,
        Hits = counters.Hits,
        Misses = counters.Misses,
        Demotions = counters.Demotions,
        Promotions = counters.Promotions,
        Evictions = counters.Evictions,
        Dropped = counters.Dropped,
        Damaged = counters.Damaged,
        Copied = counters.CopiedBlocks,
        LoadSeconds = counters.LoadTime.TotalSeconds,
    };
}

/// <summary>What a model's tiers are for.</summary>
internal sealed record TierSetup
{
    /// <summary>Model name.</summary>
    public required string Model { get; init; }

    /// <summary>What the blocks' bytes depend on.</summary>
    public required LayoutFingerprint Layout { get; init; }

    /// <summary>Groups of layers.</summary>
    public required int Groups { get; init; }

    /// <summary>Tokens of one KV block.</summary>
    public required int BlockTokens { get; init; }

    /// <summary>Bytes of one KV block in the pool.</summary>
    public required long BlockBytes { get; init; }

    /// <summary>Bytes of an element of the pool.</summary>
    public required int ElementBytes { get; init; }

    /// <summary>Tells which prefixes are here.</summary>
    public required KvChangeFeed Feed { get; init; }
}

using System.Net.Sockets;
using XLLM.Grains.Interfaces.Routing;
using XLLM.Grains.Ports;
using XLLM.Silo.KvCache;
using XLLM.Silo.Transfer.Forms;
using XLLM.Silo.Transfer.Peers;

namespace XLLM.Silo.Transfer;

/// <summary>Brings KV blocks of waiting prompts up: finds where they are, asks the costs whether loading pays, checks every block. Runs beside the engine's loop.</summary>
/// <remarks>Nothing here can fail a request: what does not come, comes damaged, or comes too late, is computed.</remarks>
internal sealed partial class PrefixLoader
{
    /// <summary>Runs read at a time, of about 1 MiB each. SQLite serves one after the other; those that wait for it hide the way there and back.</summary>
    private const int ReadsAhead = 8;

    /// <summary>How long storage or peers are left alone after they failed.</summary>
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(10);

    private readonly TierParts _parts;
    private readonly IKvStore? _store;
    private readonly IKvPeers? _peers;
    private readonly PeerClient? _client;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private long? _storeFailed;
    private long? _peersFailed;

    public PrefixLoader(TierParts parts, IKvStore? store, IKvPeers? peers, PeerClient? client, TimeProvider clock, ILogger logger) =>
        (_parts, _store, _peers, _client, _clock, _logger) = (parts, store, client is null ? null : peers, client, clock, logger);

    /// <summary>Called when a load has ended.</summary>
    public Action? Wake { get; set; }

    /// <summary>Begins to load what a prompt has beyond the device pool. Called by the engine's loop; returns at once.</summary>
    /// <param name="prefix">Hashes of the prompt's blocks that are worth loading, from its start.</param>
    /// <param name="firstBlock">The first one that the pool lacks.</param>
    /// <param name="asksOthers">Whether storage and peers are asked too.</param>
    /// <param name="copyFrom">The peer that routing has named: asked before any other, and for few tokens too. The costs decide all the same.</param>
    /// <returns>Null if nothing is worth waiting for.</returns>
    public PrefixLoad? Begin(ReadOnlySpan<PrefixHash> prefix, int firstBlock, bool asksOthers, PrefixHolder? copyFrom = null)
    {
        var rest = prefix[firstBlock..];
        var inHost = 0;
        while (inHost < rest.Length && HostHas(rest[inHost]))
        {
            inHost++;
        }

        var asks = asksOthers && (MayAsk(_store, _storeFailed) || MayAsk(_peers, _peersFailed))
            && rest.Length > inHost
            && ((rest.Length - inHost) * _parts.BlockTokens >= _parts.Options.LeastRemoteTokens || (copyFrom is not null && _peers is not null));
        if (asksOthers || inHost > 0)       // a prompt that waits for room asks again before every step, and counts once
        {
            _parts.Host.Counters.Asked(inHost, rest.Length - inHost);
        }

        if (!asks && (inHost == 0 || LoadChoice.Choose([HostSegment(inHost)], firstBlock * _parts.BlockTokens, _parts.BlockTokens, _parts.Costs).Segments == 0))
        {
            return null;
        }

        var load = new PrefixLoad(firstBlock, rest.ToArray(), _parts.Groups);
        var whole = prefix.ToArray();
        _parts.Pending.Begin();
        _ = Task.Run(() => RunAsync(load, whole, inHost, asks, copyFrom));
        return load;
    }

    private async Task RunAsync(PrefixLoad load, PrefixHash[] prefix, int inHost, bool asks, PrefixHolder? copyFrom)
    {
        try
        {
            var firstToken = load.FirstBlock * _parts.BlockTokens;
            var patience = LoadChoice.PatienceFor(_parts.Costs.Recompute(firstToken, firstToken + (load.Hashes.Length * _parts.BlockTokens)));
            using var impatient = new CancellationTokenSource(patience, _clock);
            var others = asks ? await FindOthersAsync(load, prefix, inHost, copyFrom, impatient.Token) : null;
            var segments = new List<LoadSegment>();
            if (inHost > 0)
            {
                segments.Add(HostSegment(inHost));
            }

            if (others is not null)
            {
                segments.Add(others.Segment);
            }

            var choice = LoadChoice.Choose(segments.ToArray(), firstToken, _parts.BlockTokens, _parts.Costs);
            if (inHost > 0 && choice.Segments > 0)
            {
                LoadHost(load, inHost);
            }

            if (others is not null && choice.Segments == segments.Count)
            {
                await others.LoadAsync(impatient.Token);
            }
        }
        catch (Exception exception)
        {
            LogNotLoaded(exception);
        }
        finally
        {
            load.Finish();
            Wake?.Invoke();
            _parts.Pending.End();
        }
    }

    private LoadSegment HostSegment(int blocks) => new(KvSource.Host, blocks, (long)blocks * _parts.Groups * _parts.Memory.BlockBytes);

    private bool HostHas(PrefixHash hash)
    {
        for (var group = 0; group < _parts.Groups; group++)
        {
            if (!_parts.Host.Tier.Has(new KvBlockName(hash, group)))
            {
                return false;
            }
        }

        return true;
    }

    private bool MayAsk(object? whom, long? failed) => whom is not null && (failed is null || _clock.GetElapsedTime(failed.Value) > Rest);

    // ---- host memory ----

    private void LoadHost(PrefixLoad load, int blocks)
    {
        var started = _clock.GetTimestamp();
        var bytes = 0L;
        for (var i = 0; i < blocks && !load.IsClosed; i++)
        {
            for (var group = 0; group < _parts.Groups; group++)
            {
                var name = new KvBlockName(load.Hashes[i], group);
                if (!_parts.Host.Tier.TryTake(name, out var packet))
                {
                    return;
                }

                bytes += packet.TotalBytes;
                if (Open(name, packet) is not { } raw)
                {
                    return;
                }

                if (!load.TryPut(i, group, raw))
                {
                    raw.Release();
                }
            }
        }

        var elapsed = _clock.GetElapsedTime(started);
        _parts.Costs.NoteLoad(KvSource.Host, bytes, elapsed);
        _parts.Host.Counters.Loaded(elapsed);
    }

    /// <summary>Checks and decodes a packet of the host tier, taking over its reference; null if it is damaged or there is no room.</summary>
    private HostBlock? Open(KvBlockName name, HostBlock packet)
    {
        if (!KvPacket.TryOpen(packet.Bytes, _parts.Layout, out var header) || header.Name != name || header.RawBytes != _parts.Memory.BlockBytes)
        {
            packet.Release();
            _parts.Host.Counters.FoundDamaged();
            if (_parts.Host.Tier.Remove(name))
            {
                _parts.Feed.Host(name, isStored: false);
            }

            return null;
        }

        if (header.Form == KvForm.Exact)
        {
            return packet;
        }

        try
        {
            if (TryDecode(header, packet.Bytes.Slice(KvPacket.HeaderBytes, header.PayloadBytes), out var raw))
            {
                return raw;
            }

            _parts.Host.Counters.FoundDamaged();
            return null;
        }
        finally
        {
            packet.Release();
        }
    }

    /// <summary>Turns a payload into the pool's bytes.</summary>
    /// <param name="header">What it is.</param>
    /// <param name="payload">As it was kept.</param>
    /// <param name="raw">The block, with a reference for the caller; null where there is no room.</param>
    /// <returns>False if it cannot be read.</returns>
    private bool TryDecode(in KvPacketHeader header, ReadOnlySpan<byte> payload, out HostBlock? raw)
    {
        if (!_parts.Memory.TryRent(out raw) || (_parts.Forms.Find(header.Form) is { } form && form.TryDecode(payload, raw.Payload)))
        {
            return true;
        }

        raw.Release();
        raw = null;
        return false;
    }

    // ---- storage and peers ----

    /// <summary>Where the rest is: the place that has more of it, or the cheaper one of two that have as much. Null: nowhere.</summary>
    private async Task<Elsewhere?> FindOthersAsync(PrefixLoad load, PrefixHash[] prefix, int inHost, PrefixHolder? copyFrom, CancellationToken impatient)
    {
        var peer = MayAsk(_peers, _peersFailed) ? FindPeer(load, prefix, inHost, copyFrom) : null;
        var stored = MayAsk(_store, _storeFailed) ? await FindStoredAsync(load, inHost, impatient) : null;
        if (peer is null || stored is null)
        {
            return peer ?? stored;
        }

        var blocks = peer.Segment.Blocks.CompareTo(stored.Segment.Blocks);
        return blocks > 0 || (blocks == 0 && Cost(peer) < Cost(stored)) ? peer : stored;

        TimeSpan Cost(Elsewhere place) => _parts.Costs.Load(place.Segment.Source, place.Segment.Bytes);
    }

    private Elsewhere? FindPeer(PrefixLoad load, PrefixHash[] prefix, int inHost, PrefixHolder? copyFrom)
    {
        var named = copyFrom is not null ? FindNamed(prefix, copyFrom) : null;
        var found = named ?? _peers!.Find(prefix);
        var blocks = Math.Max(0, (found?.Blocks ?? 0) - load.FirstBlock - inHost);
        _parts.Peers.Counters.Asked(blocks, load.Hashes.Length - inHost - blocks);
        if (blocks == 0)
        {
            return null;
        }

        var segment = new LoadSegment(KvSource.Peer, blocks, (long)blocks * _parts.Groups * _parts.Memory.BlockBytes);
        return new Elsewhere(segment, token => LoadPeerAsync(load, inHost, blocks, found!.Value.Endpoint, isNamed: named is not null, token));
    }

    /// <summary>The peer that routing has named; null if it holds nothing, or lends nothing. Events may be on their way, so what the router knew counts too.</summary>
    private KvPeer? FindNamed(PrefixHash[] prefix, PrefixHolder holder)
    {
        if (_peers!.Find(prefix, holder.Replica) is not { } peer)
        {
            return null;
        }

        var blocks = Math.Clamp(holder.Tokens / _parts.BlockTokens, peer.Blocks, prefix.Length);
        return blocks > 0 ? peer with { Blocks = blocks } : null;
    }

    private async Task LoadPeerAsync(PrefixLoad load, int inHost, int blocks, string endpoint, bool isNamed, CancellationToken impatient)
    {
        var started = _clock.GetTimestamp();
        var (places, bytes) = (Places(load, inHost), 0L);
        try
        {
            await _client!.FetchAsync(
                endpoint,
                _parts.Layout,
                load.Hashes[inHost..(inHost + blocks)],
                _parts.Groups,
                _parts.Forms[KvForm.Zstd].Bound(_parts.Memory.BlockBytes),     // the form that can grow
                packet =>
                {
                    bytes += packet.Length;
                    if (Accept(load, places, packet.Span, expected: null, _parts.Peers.Counters) != Acceptance.Taken)
                    {
                        return false;
                    }

                    if (isNamed)
                    {
                        _parts.Peers.Counters.Copied();
                    }

                    return true;
                },
                impatient);
            Loaded(KvSource.Peer, _parts.Peers.Counters, bytes, started);
        }
        catch (OperationCanceledException) when (impatient.IsCancellationRequested)
        {
            LogTooSlow("a peer", bytes);
        }
        catch (Exception exception) when (exception is IOException or SocketException or InvalidDataException)
        {
            _peersFailed = _clock.GetTimestamp();
            LogPeerFailed(exception, endpoint);
        }
    }

    private async Task<Elsewhere?> FindStoredAsync(PrefixLoad load, int inHost, CancellationToken impatient)
    {
        try
        {
            var rest = load.Hashes[inHost..];
            var runs = await _store!.FindAsync(rest, _parts.Groups).WaitAsync(impatient);
            var names = runs.SelectMany(run => run.Hashes.Zip(run.Groups, (hash, group) => new KvBlockName(hash, group))).ToHashSet();
            var blocks = 0;
            while (blocks < rest.Length && Enumerable.Range(0, _parts.Groups).All(group => names.Contains(new KvBlockName(rest[blocks], group))))
            {
                blocks++;
            }

            _parts.Storage.Counters.Asked(blocks, rest.Length - blocks);
            return blocks == 0
                ? null
                : new Elsewhere(new LoadSegment(KvSource.Storage, blocks, runs.Sum(run => run.TotalBytes)), token => LoadStoredAsync(load, inHost, runs, token));
        }
        catch (Exception exception)
        {
            _storeFailed = _clock.GetTimestamp();
            LogStoreFailed(exception);
            return null;
        }
    }

    private async Task LoadStoredAsync(PrefixLoad load, int inHost, StoredRun[] runs, CancellationToken impatient)
    {
        var started = _clock.GetTimestamp();
        var (places, bytes, next) = (Places(load, inHost), 0L, 0);
        var runsAhead = new Queue<(StoredRun Run, Task<(byte[]? Bytes, Acceptance Acceptance)> Taken)>();
        try
        {
            while (!load.IsClosed)
            {
                for (; next < runs.Length && runsAhead.Count < ReadsAhead; next++)
                {
                    runsAhead.Enqueue((runs[next], TakeRunAsync(load, places, runs[next])));
                }

                if (!runsAhead.TryDequeue(out var first))
                {
                    break;
                }

                var (got, acceptance) = await first.Taken.WaitAsync(impatient);
                bytes += got?.Length ?? 0;
                if (acceptance == Acceptance.Damaged)
                {
                    // What follows is of no use, and the next one shall not find it.
                    await _store!.ForgetAsync(first.Run);
                    _parts.Worker.StoreAgain(first.Run.Hashes.Zip(first.Run.Groups, (hash, group) => new KvBlockName(hash, group)));
                }

                if (acceptance != Acceptance.Taken)
                {
                    return;
                }
            }

            Loaded(KvSource.Storage, _parts.Storage.Counters, bytes, started);
        }
        catch (OperationCanceledException) when (impatient.IsCancellationRequested)
        {
            LogTooSlow("storage", bytes);
        }
        catch (Exception exception)
        {
            _storeFailed = _clock.GetTimestamp();
            LogStoreFailed(exception);
        }
    }

    /// <summary>Reads a run and takes its blocks in, several runs at a time: unpacking them takes longer than reading.</summary>
    private async Task<(byte[]? Bytes, Acceptance Acceptance)> TakeRunAsync(PrefixLoad load, Dictionary<KvBlockName, int> places, StoredRun run)
    {
        _parts.Pending.Begin();         // the prompt may have lost its patience, and the memory is still used
        try
        {
            if (await _store!.ReadAsync(run) is not { } bytes)
            {
                _parts.Storage.Counters.FoundDamaged();     // gone in part
                return (null, Acceptance.Damaged);
            }

            return (bytes, AcceptRun(load, places, run, bytes));
        }
        finally
        {
            _parts.Pending.End();
        }
    }

    private Acceptance AcceptRun(PrefixLoad load, Dictionary<KvBlockName, int> places, StoredRun run, byte[] bytes)
    {
        var (at, acceptance) = (0, Acceptance.Taken);
        for (var i = 0; i < run.Hashes.Length && acceptance == Acceptance.Taken; i++)
        {
            acceptance = load.IsClosed
                ? Acceptance.Stopped
                : Accept(load, places, bytes.AsSpan(at, run.Bytes[i]), new KvBlockName(run.Hashes[i], run.Groups[i]), _parts.Storage.Counters);
            at += run.Bytes[i];
        }

        return acceptance;
    }

    /// <summary>Checks a packet that came from outside, and keeps it for the prompt and in the host tier. Thread-safe.</summary>
    private Acceptance Accept(PrefixLoad load, Dictionary<KvBlockName, int> places, ReadOnlySpan<byte> packet, KvBlockName? expected, TierCounters counters)
    {
        if (!KvPacket.TryOpen(packet, _parts.Layout, out var header) || header.RawBytes != _parts.Memory.BlockBytes || (expected is { } name && header.Name != name))
        {
            counters.FoundDamaged();
            return Acceptance.Damaged;
        }

        if (!places.TryGetValue(header.Name, out var index))
        {
            return Acceptance.Taken;        // stored beside the blocks of this prompt
        }

        var payload = packet.Slice(KvPacket.HeaderBytes, header.PayloadBytes);
        HostBlock? raw;
        if (header.Form == KvForm.Exact)
        {
            raw = Copy(packet, header.PayloadBytes);
        }
        else if (!TryDecode(header, payload, out raw))
        {
            counters.FoundDamaged();
            return Acceptance.Damaged;
        }

        if (raw is null)
        {
            counters.Drop();
            return Acceptance.Stopped;
        }

        if ((header.Form == KvForm.Exact ? raw.AddReference() : Copy(packet, header.PayloadBytes)) is { } kept)
        {
            _parts.Worker.Keep(header.Name, kept, isNew: false);
        }

        if (!load.TryPut(index, header.Name.Group, raw))
        {
            raw.Release();
        }

        return Acceptance.Taken;
    }

    private HostBlock? Copy(ReadOnlySpan<byte> packet, int payloadBytes)
    {
        if (!_parts.Memory.TryRent(payloadBytes, out var block))
        {
            return null;
        }

        packet[..(KvPacket.HeaderBytes + payloadBytes)].CopyTo(block.Bytes);
        return block;
    }

    private Dictionary<KvBlockName, int> Places(PrefixLoad load, int from)
    {
        var places = new Dictionary<KvBlockName, int>();
        for (var i = from; i < load.Hashes.Length; i++)
        {
            for (var group = 0; group < _parts.Groups; group++)
            {
                places[new KvBlockName(load.Hashes[i], group)] = i;
            }
        }

        return places;
    }

    private void Loaded(KvSource source, TierCounters counters, long bytes, long started)
    {
        var elapsed = _clock.GetElapsedTime(started);
        _parts.Costs.NoteLoad(source, bytes, elapsed);
        counters.Loaded(elapsed);
        LogLoaded(bytes, source, elapsed.TotalMilliseconds);
    }

    [LoggerMessage(3221, LogLevel.Error, "KV blocks were not loaded; the prompt is computed")]
    private partial void LogNotLoaded(Exception exception);

    [LoggerMessage(3222, LogLevel.Warning, "KV storage failed; prompts are computed, and it is tried again later")]
    private partial void LogStoreFailed(Exception exception);

    [LoggerMessage(3223, LogLevel.Warning, "Fetching KV blocks from {Endpoint} failed; prompts are computed, and peers are tried again later")]
    private partial void LogPeerFailed(Exception exception, string endpoint);

    [LoggerMessage(3224, LogLevel.Information, "Loading KV blocks from {Source} took longer than computing them; {Bytes} bytes came in time")]
    private partial void LogTooSlow(string source, long bytes);

    [LoggerMessage(3225, LogLevel.Debug, "Loaded {Bytes} bytes of KV blocks from {Source} in {Milliseconds} ms")]
    private partial void LogLoaded(long bytes, KvSource source, double milliseconds);

    private sealed record Elsewhere(LoadSegment Segment, Func<CancellationToken, Task> LoadAsync);

    /// <summary>What became of a block.</summary>
    private enum Acceptance
    {
        /// <summary>It is good.</summary>
        Taken,

        /// <summary>There is no room for it, or nobody waits for it any more.</summary>
        Stopped,

        /// <summary>It is damaged or foreign.</summary>
        Damaged,
    }
}

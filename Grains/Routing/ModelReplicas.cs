using Orleans.Runtime;
using XLLM.Grains.Interfaces;
using XLLM.Grains.Interfaces.Catalog;
using XLLM.Grains.Interfaces.Replicas;
using XLLM.Grains.Interfaces.Routing;
using XLLM.Grains.Prefixes;

namespace XLLM.Grains.Routing;

/// <summary>One model's replicas as this silo knows them, and what it has sent them since their last announcement. Thread-safe; no I/O, no clock.</summary>
/// <param name="model">Its name.</param>
/// <param name="seed">Of the choices' random bits.</param>
/// <param name="prefixes">What replicas hold; null: nothing is known.</param>
internal sealed class ModelReplicas(string model, ulong seed, IPrefixView? prefixes = null)
{
    private readonly IPrefixView _prefixes = prefixes ?? NoPrefixView.Instance;
    private readonly Lock _lock = new();
    private readonly Dictionary<ReplicaKey, (long Beat, int Tokens)> _routed = [];
    private readonly List<ReplicaCandidate> _candidates = [];
    private (ReplicaAnnouncement Announcement, SiloAddress Silo)[] _replicas = [];
    private long _turn;

    /// <summary>Takes in what the catalog says now.</summary>
    public void Update(IEnumerable<ReplicaAnnouncement> announcements)
    {
        lock (_lock)
        {
            _replicas = [.. announcements
                .OrderBy(announcement => announcement.Replica.ToString(), StringComparer.Ordinal)
                .Select(announcement => (announcement, SiloAddress.FromParsableString(announcement.Replica.Silo)))];
            foreach (var gone in _routed.Keys.Except(_replicas.Select(replica => replica.Announcement.Replica)).ToArray())
            {
                _routed.Remove(gone);
            }
        }
    }

    /// <summary>Chooses, and counts the request's tokens to the replica's load until it announces a newer one.</summary>
    /// <param name="selector">The policy.</param>
    /// <param name="request">What to choose for.</param>
    /// <param name="isDead">Whether a silo is known to be dead: the catalog may not know it yet.</param>
    /// <exception cref="RequestException">No such model, or no replica can take the request.</exception>
    public ReplicaChoice Choose(IReplicaSelector selector, RoutingRequest request, Func<SiloAddress, bool> isDead)
    {
        lock (_lock)
        {
            FindCandidates(request, isDead);
            var turn = _turn++;
            var selection = _candidates.Count == 1
                ? new Selection(0, "only replica")
                : selector.Select(
                    System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_candidates),
                    new SelectionRequest(request.Prefix, request.PromptTokens, _replicas[0].Announcement.Model.BlockTokens, turn, Draw(turn)));

            var chosen = _candidates[selection.Index];
            var beat = Array.Find(_replicas, replica => replica.Announcement.Replica == chosen.Replica).Announcement.Beat;
            _routed[chosen.Replica] = (beat, chosen.RoutedTokens + request.PromptTokens);
            return new ReplicaChoice(chosen.Replica, selection.Reason);
        }
    }

    private void FindCandidates(RoutingRequest request, Func<SiloAddress, bool> isDead)
    {
        if (_replicas.Length == 0)
        {
            throw new RequestException(RequestErrors.ModelNotFound, $"The model '{model}' does not exist: no replica serves it.", "model");
        }

        _candidates.Clear();
        var draining = 0;
        var dead = 0;
        foreach (var (announcement, silo) in _replicas)
        {
            if (announcement.State != ReplicaState.Ready)
            {
                draining++;
            }
            else if (isDead(silo))
            {
                dead++;
            }
            else if (!request.Excluded.Contains(announcement.Replica))
            {
                var routed = _routed.TryGetValue(announcement.Replica, out var sent) && sent.Beat == announcement.Beat ? sent.Tokens : 0;
                _candidates.Add(new ReplicaCandidate(announcement.Replica, announcement.Load, routed, CachedBlocks: 0));
            }
        }

        NoteHoldings(request);
        if (_candidates.Count == 0)
        {
            throw new RequestException(
                RequestErrors.Unavailable,
                $"none of the {_replicas.Length} replicas of '{model}' can take the request: {draining} drain, {dead} are gone, {_replicas.Length - draining - dead} were tried already");
        }
    }

    private void NoteHoldings(RoutingRequest request)
    {
        if (request.Prefix.Length == 0 || _candidates.Count == 0)
        {
            return;
        }

        var candidates = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_candidates);
        var keys = new ReplicaKey[candidates.Length];
        var holdings = new PrefixHolding[candidates.Length];
        for (var i = 0; i < keys.Length; i++)
        {
            keys[i] = candidates[i].Replica;
        }

        _prefixes.Find(request.Prefix, keys, holdings);
        for (var i = 0; i < keys.Length; i++)
        {
            candidates[i] = candidates[i] with { CachedBlocks = holdings[i].DeviceBlocks, LoadableBlocks = holdings[i].LoadableBlocks };
        }
    }

    /// <summary>Random bits that depend on the silo and the turn alone. Source: Steele, Lea and Flood 2014, SplitMix64 (OOPSLA).</summary>
    private ulong Draw(long turn)
    {
        unchecked
        {
            var z = seed + ((ulong)(turn + 1) * 0x9E3779B97F4A7C15);
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
            return z ^ (z >> 31);
        }
    }
}

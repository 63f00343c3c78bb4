using System.Runtime.InteropServices;
using Orleans.Runtime;
using XLLM.Grains.Interfaces;
using XLLM.Grains.Interfaces.Catalog;
using XLLM.Grains.Interfaces.Replicas;
using XLLM.Grains.Interfaces.Routing;
using XLLM.Grains.Prefixes;

namespace XLLM.Grains.Routing;

/// <summary>One model's replicas as this silo knows them, and what it has sent them since their last announcement. Thread-safe; no I/O; time is an argument, counted from any fixed point.</summary>
/// <param name="model">Its name.</param>
/// <param name="seed">Of the choices' random bits.</param>
/// <param name="prefixes">What replicas hold; null: nothing is known.</param>
/// <param name="options">Weights and ages; null: the defaults.</param>
internal sealed class ModelReplicas(string model, ulong seed, IPrefixView? prefixes = null, RoutingOptions? options = null)
{
    private readonly IPrefixView _prefixes = prefixes ?? NoPrefixView.Instance;
    private readonly RoutingOptions _options = options ?? new RoutingOptions();
    private readonly Lock _lock = new();
    private readonly List<ReplicaCandidate> _candidates = [];
    private readonly List<int> _places = [];        // of the candidates, in _replicas
    private ReplicaKey[] _keys = [];                // by key's text, as the others here
    private Known[] _replicas = [];
    private PrefixHolding[] _holdings = [];
    private long _turn;

    /// <summary>Takes in what the catalog says now.</summary>
    /// <param name="announcements">All replicas of the model.</param>
    /// <param name="now">Time.</param>
    public void Update(IReadOnlyList<ReplicaAnnouncement> announcements, TimeSpan now = default)
    {
        lock (_lock)
        {
            if (!AreTheSame(announcements))
            {
                Replace([.. announcements.OrderBy(announcement => announcement.Replica.ToString(), StringComparer.Ordinal)], now);
                return;
            }

            for (var place = 0; place < _replicas.Length; place++)
            {
                Renew(ref _replicas[place], announcements[place], now);
            }
        }
    }

    /// <summary>Chooses, and counts the request to the replica's load until it announces a newer one.</summary>
    /// <param name="selector">The policy.</param>
    /// <param name="request">What to choose for.</param>
    /// <param name="isDead">Whether a silo is known to be dead: the catalog may not know it yet.</param>
    /// <param name="now">Time.</param>
    /// <exception cref="RequestException">No such model, no replica can take the request, or none in time (<see cref="RoutingOptions.RefuseLate"/>).</exception>
    public ReplicaChoice Choose(IReplicaSelector selector, RoutingRequest request, Func<SiloAddress, bool> isDead, TimeSpan now = default)
    {
        lock (_lock)
        {
            FindCandidates(request, isDead, now);
            var turn = _turn++;
            var blockTokens = _replicas[0].Announcement.Model.BlockTokens;
            var candidates = CollectionsMarshal.AsSpan(_candidates);
            var selection = candidates.Length == 1
                ? new Selection(0, "only replica")
                : selector.Select(candidates, new SelectionRequest(request.Prefix, request.PromptTokens, blockTokens, turn, Draw(turn)) { Options = _options });

            RefuseIfLate(selection);
            var held = Math.Max(candidates[selection.Index].CachedBlocks, selection.CopyFrom is { } from ? candidates[from].CachedBlocks : 0);
            var ticket = (long)(seed << 40) ^ (turn + 1);       // of this silo: others' tickets differ in the upper bits
            _replicas[_places[selection.Index]].Send(new Sent(ticket, request.PromptTokens, held, blockTokens));
            return new ReplicaChoice(
                candidates[selection.Index].Replica,
                selection.Reason,
                selection.CopyFrom is { } holder ? new PrefixHolder(candidates[holder].Replica, candidates[holder].CachedBlocks * blockTokens) : null,
                ticket);
        }
    }

    /// <summary>What was chosen for has ended: it no longer counts, if its replica has not announced a newer load meanwhile, which counts it no more either.</summary>
    /// <param name="ticket"><see cref="ReplicaChoice.Ticket"/>; one that is not known is ignored.</param>
    public void Ended(long ticket)
    {
        lock (_lock)
        {
            foreach (ref var known in _replicas.AsSpan())
            {
                var place = known.Open.FindIndex(sent => sent.Ticket == ticket);
                if (place >= 0)
                {
                    known.TakeBack(place);
                    return;
                }
            }
        }
    }

    /// <summary>Requests sent since the replica's last announcement, for checks of the books; 0 for one that is not known.</summary>
    internal int RoutedSequences(ReplicaKey replica)
    {
        lock (_lock)
        {
            var place = Array.IndexOf(_keys, replica);
            return place < 0 ? 0 : _replicas[place].Open.Count;
        }
    }

    /// <summary>The usual case: the same replicas as before, in the same order.</summary>
    private bool AreTheSame(IReadOnlyList<ReplicaAnnouncement> announcements)
    {
        var same = announcements.Count == _keys.Length;
        for (var place = 0; same && place < _keys.Length; place++)
        {
            same = announcements[place].Replica == _keys[place];
        }

        return same;
    }

    private void Replace(ReplicaAnnouncement[] announcements, TimeSpan now)
    {
        var before = _keys.Select((key, place) => (key, place)).ToDictionary(known => known.key, known => known.place);
        var replicas = new Known[announcements.Length];
        for (var i = 0; i < replicas.Length; i++)
        {
            replicas[i] = before.TryGetValue(announcements[i].Replica, out var place)
                ? _replicas[place]
                : new Known { Silo = SiloAddress.FromParsableString(announcements[i].Replica.Silo), Announcement = announcements[i], HeardAt = now, Open = [] };
            Renew(ref replicas[i], announcements[i], now);
        }

        _replicas = replicas;
        _keys = Array.ConvertAll(announcements, announcement => announcement.Replica);
        _holdings = new PrefixHolding[replicas.Length];
    }

    private static void Renew(ref Known known, ReplicaAnnouncement announcement, TimeSpan now)
    {
        if (announcement.Beat != known.Announcement.Beat)
        {
            (known.Tokens, known.Blocks, known.Attention, known.HeardAt) = (0, 0, 0, now);
            known.Open.Clear();
        }

        known.Announcement = announcement;
    }

    private void FindCandidates(RoutingRequest request, Func<SiloAddress, bool> isDead, TimeSpan now)
    {
        if (_replicas.Length == 0)
        {
            throw new RequestException(RequestErrors.ModelNotFound, $"The model '{model}' does not exist: no replica serves it.", "model");
        }

        FindHoldings(request);
        _candidates.Clear();
        _places.Clear();
        var (draining, dead, fresh) = (0, 0, 0);
        for (var place = 0; place < _replicas.Length; place++)
        {
            ref var known = ref _replicas[place];
            if (known.Announcement.State != ReplicaState.Ready)
            {
                draining++;
            }
            else if (isDead(known.Silo))
            {
                dead++;
            }
            else if (!request.Excluded.Contains(_keys[place]))
            {
                fresh += IsFresh(known, now) ? 1 : 0;
                _places.Add(place);
            }
        }

        if (_places.Count == 0)
        {
            throw new RequestException(
                RequestErrors.Unavailable,
                $"none of the {_replicas.Length} replicas of '{model}' can take the request: {draining} drain, {dead} are gone, {_replicas.Length - draining - dead} were tried already");
        }

        if (fresh > 0 && fresh < _places.Count)
        {
            _places.RemoveAll(place => !IsFresh(_replicas[place], now));
        }

        foreach (var place in _places)
        {
            ref var known = ref _replicas[place];
            _candidates.Add(new ReplicaCandidate(_keys[place], known.Announcement.Load, (int)Math.Min(int.MaxValue, known.Tokens), _holdings[place].DeviceBlocks, _holdings[place].LoadableBlocks)
            {
                RoutedSequences = known.Open.Count,
                RoutedBlocks = (int)Math.Min(int.MaxValue, known.Blocks),
                RoutedAttention = known.Attention,
                Lends = _options.CopyTokensPerSecond > 0 && _prefixes.Lends(_keys[place]),
                Age = (now - known.HeardAt).TotalSeconds,
            });
        }
    }

    private bool IsFresh(in Known known, TimeSpan now) => now - known.HeardAt <= _options.StaleAfter;

    /// <summary>What each replica holds of the prompt. Where nothing is known of one, what the conversation remembers of its last turn is the best there is.</summary>
    private void FindHoldings(RoutingRequest request)
    {
        if (request.Prefix.Length == 0)
        {
            Array.Clear(_holdings);
            return;
        }

        _prefixes.Find(request.Prefix, _keys, _holdings);
        var last = request.LastTurn is { } turn ? Array.IndexOf(_keys, turn.Replica) : -1;
        if (last >= 0 && _holdings[last].LoadableBlocks == 0)
        {
            var blocks = Math.Clamp(request.LastTurn!.Tokens / _replicas[last].Announcement.Model.BlockTokens, 0, request.Prefix.Length);
            _holdings[last] = new PrefixHolding(blocks, blocks);
        }
    }

    private void RefuseIfLate(in Selection selection)
    {
        if (_options.RefuseLate && selection.FirstTokenSeconds is { } seconds && seconds > _options.FirstTokenObjective.TotalSeconds)
        {
            throw new RequestException(
                RequestErrors.Overloaded,
                $"the first token of '{model}' would come after {seconds:F1} s at best, the objective is {_options.FirstTokenObjective.TotalSeconds:F1} s");
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

    /// <summary>A request that was sent.</summary>
    private readonly record struct Sent(long Ticket, int PromptTokens, int HeldBlocks, int BlockTokens)
    {
        public int Blocks => (PromptTokens + BlockTokens - 1) / BlockTokens;

        public int NewTokens => Math.Max(1, PromptTokens - HeldTokens);

        public long Attention => StepShape.Attended(HeldTokens, PromptTokens);

        private int HeldTokens => (int)Math.Clamp((long)HeldBlocks * BlockTokens, 0, Math.Max(0, PromptTokens - 1));
    }

    /// <summary>A replica: what it announced last, when that came, and what was sent since and has not ended.</summary>
    private struct Known
    {
        public SiloAddress Silo;
        public ReplicaAnnouncement Announcement;
        public TimeSpan HeardAt;
        public List<Sent> Open;
        public long Tokens;
        public long Blocks;
        public long Attention;

        public void Send(in Sent sent)
        {
            Open.Add(sent);
            (Tokens, Blocks, Attention) = (Tokens + sent.NewTokens, Blocks + sent.Blocks, Attention + sent.Attention);
        }

        public void TakeBack(int place)
        {
            var sent = Open[place];
            Open.RemoveAt(place);
            (Tokens, Blocks, Attention) = (Tokens - sent.NewTokens, Blocks - sent.Blocks, Attention - sent.Attention);
        }
    }
}

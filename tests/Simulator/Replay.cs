using XLLM.Grains.Interfaces;
using XLLM.Grains.Interfaces.Catalog;
using XLLM.Grains.Interfaces.Replicas;
using XLLM.Grains.Interfaces.Routing;
using XLLM.Grains.Routing;
using XLLM.Simulator.Reports;
using XLLM.Simulator.Replicas;
using XLLM.Simulator.Traces;

namespace XLLM.Simulator;

/// <summary>Replays a trace against simulated replicas in virtual time: a queue of events, and between them the product's own routing, scheduling and KV blocks.</summary>
internal sealed class Replay
{
    private const string Model = "simulated";

    private readonly Trace _trace;
    private readonly ReplaySettings _settings;
    private readonly IReplicaSelector _selector;
    private readonly PriorityQueue<Event, (double Time, long Order)> _events = new();
    private readonly DelayedPrefixes _index;
    private readonly SimulatedReplica[] _replicas;
    private readonly ReplicaAnnouncement[] _catalog;
    private readonly (ModelReplicas Replicas, double ReadAt)[] _routers;
    private readonly Dictionary<string, int> _places = [];
    private readonly Dictionary<string, int> _reasons = [];
    private readonly List<SimulatedRequest> _ended = [];
    private readonly SimulatedRequest[] _requests;
    private readonly int _blockTokens;
    private double _now;
    private long _order;
    private int _open;

    private Replay(Trace trace, ReplaySettings settings, IReplicaSelector selector)
    {
        (_trace, _settings, _selector) = (trace, settings, selector);
        _blockTokens = trace.BlockTokens > 0 ? trace.BlockTokens : 128;     // nothing is shared, so the size only rounds
        _index = new DelayedPrefixes(settings.Replicas, settings.EventDelay);
        _replicas = new SimulatedReplica[settings.Replicas];
        _catalog = new ReplicaAnnouncement[settings.Replicas];
        var descriptor = new ModelDescriptor { Name = Model, Architecture = "Simulated", MaxContext = int.MaxValue, VocabularySize = int.MaxValue, BlockTokens = _blockTokens };
        for (var i = 0; i < _replicas.Length; i++)
        {
            // Ports of one length, so that the order of the texts is that of the numbers.
            var key = new ReplicaKey(Model, $"127.0.0.1:{10_000 + i}@1");
            _replicas[i] = new SimulatedReplica(settings.Engine, _blockTokens, _index.EventsOf(i));
            _catalog[i] = new ReplicaAnnouncement(key, descriptor, ReplicaRole.Mixed, ReplicaState.Ready, _replicas[i].Load, Beat: 1);
            _places.Add(key.Silo, i);
        }

        _routers = new (ModelReplicas, double)[settings.Routers];
        for (var i = 0; i < _routers.Length; i++)
        {
            _routers[i] = (new ModelReplicas(Model, settings.Seed + (ulong)i, _index, settings.Routing), double.NegativeInfinity);
        }

        _requests = [.. trace.Requests.Take(settings.MostRequests).Select((request, number) => new SimulatedRequest(number, request, request.Time / settings.Speed))];
    }

    private enum Kind
    {
        Arrival,
        Begin,
        StepEnd,
        Heartbeat,
    }

    /// <summary>Replays.</summary>
    public static ReplayResult Run(Trace trace, ReplaySettings settings, IReplicaSelector selector) => new Replay(trace, settings, selector).Run();

    private ReplayResult Run()
    {
        _open = _requests.Length;
        Schedule(_requests[0].Arrived, Kind.Arrival, 0);
        Schedule(_settings.Heartbeat / _replicas.Length, Kind.Heartbeat, 0);
        while (_open > 0 && _events.TryDequeue(out var next, out var at))
        {
            _now = _index.Now = at.Time;
            switch (next.Kind)
            {
                case Kind.Arrival:
                    Arrive(next.Number);
                    break;
                case Kind.Begin:
                    Begin(_requests[next.Number]);
                    break;
                case Kind.StepEnd:
                    EndStep(next.Number);
                    break;
                case Kind.Heartbeat:
                    Announce(next.Number);
                    break;
            }
        }

        if (_open > 0)
        {
            throw new InvalidOperationException($"{_open} requests have not ended, and nothing is left to happen");
        }

        if (_replicas.Sum(replica => replica.UsedBlocks) is var used and > 0)
        {
            throw new InvalidOperationException($"all requests have ended, but {used} KV blocks are in use");
        }

        return new ReplayResult(_selector.Name, _settings, _requests, _now, _replicas, _reasons);
    }

    private void Arrive(int number)
    {
        if (number + 1 < _requests.Length)
        {
            Schedule(_requests[number + 1].Arrived, Kind.Arrival, number + 1);
        }

        var request = _requests[number];
        var prompt = PromptTokens.Of(request.Trace, _trace.BlockTokens);
        ref var router = ref _routers[number % _routers.Length];
        var now = TimeSpan.FromSeconds(_now);
        if (_now - router.ReadAt >= _settings.Routing.RefreshPeriod.TotalSeconds)
        {
            router.Replicas.Update(_catalog, now);
            router.ReadAt = _now;
        }

        try
        {
            var prefix = PrefixHash.Chain(PromptTokens.Root, prompt, _blockTokens);
            var choice = router.Replicas.Choose(_selector, new RoutingRequest(prefix, prompt.Length, []), static _ => false, now);
            _reasons[choice.Reason] = _reasons.GetValueOrDefault(choice.Reason) + 1;
            request.Ticket = choice.Ticket;
            request.Replica = _places[choice.Replica.Silo];
            if (choice.CopyFrom is { } from)
            {
                request.CopiedTokens = Math.Min(from.Tokens, prompt.Length / _blockTokens * _blockTokens);
                Schedule(_now + (request.CopiedTokens / _settings.Routing.CopyTokensPerSecond), Kind.Begin, number);
                return;
            }
        }
        catch (RequestException)
        {
            Refuse(request, "refused");
            return;
        }

        Begin(request, prompt);
    }

    private void Begin(SimulatedRequest request, int[]? prompt = null)
    {
        prompt ??= PromptTokens.Of(request.Trace, _trace.BlockTokens);
        var replica = _replicas[request.Replica];
        if (request.CopiedTokens > 0)
        {
            replica.Import(prompt, request.CopiedTokens);
        }

        if (!replica.TryAdd(request, prompt))
        {
            Refuse(request, "too long");
            return;
        }

        if (replica.Continue(_now) is { } ends)
        {
            Schedule(ends, Kind.StepEnd, request.Replica);
        }
    }

    private void EndStep(int replica)
    {
        _ended.Clear();
        if (_replicas[replica].EndStep(_now, _ended) is { } ends)
        {
            Schedule(ends, Kind.StepEnd, replica);
        }

        foreach (var request in _ended)
        {
            _routers[request.Number % _routers.Length].Replicas.Ended(request.Ticket);
        }

        _open -= _ended.Count;
    }

    private void Announce(int replica)
    {
        _catalog[replica] = _catalog[replica] with { Load = _replicas[replica].Load, Beat = _catalog[replica].Beat + 1 };
        Schedule(_now + (_settings.Heartbeat / _replicas.Length), Kind.Heartbeat, (replica + 1) % _replicas.Length);
    }

    private void Refuse(SimulatedRequest request, string reason)
    {
        request.Refused = true;
        _reasons[reason] = _reasons.GetValueOrDefault(reason) + 1;
        _open--;
    }

    private void Schedule(double time, Kind kind, int number) => _events.Enqueue(new Event(kind, number), (time, _order++));

    private readonly record struct Event(Kind Kind, int Number);
}

using System.Net;
using Orleans.Runtime;
using XLLM.Grains.Catalog;
using XLLM.Grains.Interfaces;
using XLLM.Grains.Interfaces.Catalog;
using XLLM.Grains.Interfaces.Replicas;
using XLLM.Grains.Interfaces.Routing;
using XLLM.Grains.Routing;
using XLLM.Grains.Tests.Fakes;

namespace XLLM.Grains.Tests.ControlPlane;

/// <summary>
/// A cluster in virtual time, driven by a seed: the product's own catalog and routing state machines between simulated engines, whose messages are late, whose calls
/// time out and whose silos are killed, drained and started again. Engines and clients are small models: an engine draws the tokens of its requests one by one, a
/// client goes on elsewhere after the tokens that it has, at most <see cref="MostStarts"/> times.
/// </summary>
internal sealed class SimulatedCluster : Simulation
{
    private const int Engines = 4;
    private const int Gateways = 2;
    private const int MostStarts = 3;
    private const double Heartbeat = 1;
    private const double Refresh = 0.5;
    private const double Patience = 1.5;            // of a call to a silo that does not answer
    private const double FaultsEnd = 40;
    private const double End = 80;

    private readonly Random _random;
    private readonly IReplicaSelector _selector;
    private readonly List<Silo> _silos = [];        // all that ever were
    private readonly List<Request> _requests = [];
    private readonly List<string> _faults = [];     // broken invariants
    private Catalog? _catalog;

    public SimulatedCluster(int seed, IReplicaSelector selector)
    {
        (_random, _selector) = (new Random(seed), selector);
        for (var port = 1; port <= Engines + Gateways; port++)
        {
            StartSilo(port, generation: 1);
        }

        for (var i = 0; i < 150; i++)
        {
            var request = new Request(i, _random.Next(10, 400), _random.Next(1, 25));
            _requests.Add(request);
            At(2 + (_random.NextDouble() * FaultsEnd), () => Route(_silos[Engines + _random.Next(Gateways)], request));
        }

        // After the last fault every gateway looks once more, so that its books can be checked.
        for (var i = 0; i < Gateways; i++)
        {
            var (gateway, request) = (_silos[Engines + i], new Request(1000 + i, 10, 1));
            _requests.Add(request);
            At(End - 10, () => Route(gateway, request));
        }

        for (var i = 0; i < 12; i++)
        {
            At(3 + (_random.NextDouble() * (FaultsEnd - 3)), Disturb);
        }
    }

    /// <summary>Requests that got all their tokens.</summary>
    public int Completed => _requests.Count(request => request.Ends == 1 && request.Tokens == request.Wanted);

    /// <summary>Silos that were killed or stopped.</summary>
    public int Lost => _silos.Count(silo => !silo.Alive);

    /// <summary>Times that a request went on elsewhere.</summary>
    public int Restarts => _requests.Sum(request => Math.Max(0, request.Starts - 1));

    /// <summary>Runs to the end and returns every invariant that was broken, in words.</summary>
    public IReadOnlyList<string> Run()
    {
        RunUntil(End);

        CheckTheEnd();
        return _faults;
    }

    private void CheckTheEnd()
    {
        foreach (var request in _requests)
        {
            Require(request.Ends == 1, $"request {request.Number} ended {request.Ends} times");
            Require(request.Failure is not null || request.Tokens == request.Wanted, $"request {request.Number} was told {request.Tokens} of {request.Wanted} tokens");
        }

        var living = _silos.Where(silo => silo is { Alive: true, IsEngine: true }).Select(silo => silo.Key).ToHashSet();
        Require(_silos.Sum(silo => silo.Running.Count) == 0, "an engine still computes for a request that has ended");
        Require(_catalog is not null && living.SetEquals(_catalog.Replicas.Replicas("tiny").Select(announcement => announcement.Replica)), "the catalog does not list just the replicas that live");
        foreach (var gateway in _silos.Where(silo => silo is { Alive: true, IsEngine: false }))
        {
            foreach (var silo in _silos.Where(silo => silo.IsEngine))
            {
                var sent = gateway.Routing.RoutedSequences(silo.Key);
                Require(sent == 0, $"{gateway} counts {sent} requests to {silo} (alive: {silo.Alive}), and all have ended");
            }
        }
    }

    private void StartSilo(int port, int generation)
    {
        var silo = new Silo(port, generation, isEngine: port <= Engines, (ulong)_random.NextInt64()) { KnownDead = [.. _silos.Where(other => !other.Alive).Select(other => other.Address)] };
        _silos.Add(silo);
        if (silo.IsEngine)
        {
            After(_random.NextDouble() * Heartbeat, () => Beat(silo));
        }
    }

    /// <summary>Kills, drains or cuts off; never the last engine that can serve.</summary>
    private void Disturb()
    {
        var ready = _silos.Where(silo => silo is { Alive: true, IsEngine: true, Draining: false }).ToArray();
        if (ready.Length < 2)
        {
            return;
        }

        var victim = ready[_random.Next(ready.Length)];
        switch (_random.Next(3))
        {
            case 0:
                Kill(victim, noticed: 0.2 + (_random.NextDouble() * 2));
                break;
            case 1:
                victim.Draining = true;
                Announce(victim);
                After(1 + (_random.NextDouble() * 4), () => Kill(victim, noticed: 0.05));
                break;
            default:
                victim.MutedUntil = Now + (_random.NextDouble() * 14);        // its announcements are lost: it may expire, and comes back
                break;
        }
    }

    private void Kill(Silo silo, double noticed)
    {
        if (!silo.Alive)
        {
            return;
        }

        (silo.Alive, silo.EndedAt) = (false, Now);
        silo.Running.Clear();
        if (_catalog?.Host == silo)
        {
            _catalog = null;
        }

        foreach (var observer in _silos.Where(other => other.Alive).ToArray())
        {
            After(noticed * (0.5 + _random.NextDouble()), () => observer.KnownDead.Add(silo.Address));
        }

        After(1 + (_random.NextDouble() * 5), () => StartSilo(silo.Port, silo.Generation + 1));
    }

    // The catalog.

    private void Beat(Silo silo)
    {
        if (silo.Alive)
        {
            Announce(silo);
            After(Heartbeat, () => Beat(silo));
        }
    }

    private void Announce(Silo silo)
    {
        var announcement = new ReplicaAnnouncement(
            silo.Key, Silo.Descriptor, ReplicaRole.Mixed, silo.Draining ? ReplicaState.Draining : ReplicaState.Ready,
            new ReplicaLoad { RunningSequences = silo.Running.Count, PendingTokens = silo.Running.Count * 8, TotalBlocks = 100, FreeBlocks = 100 }, ++silo.Beats);
        Call(silo, catalog =>
        {
            if (Now >= silo.MutedUntil)
            {
                var age = TimeSpan.FromSeconds(Now - catalog.Since);
                catalog.Replicas.Announce(announcement, age);
                catalog.Replicas.Heard(silo.Key.Silo, age);
            }
        });
    }

    private void List(Silo silo, Action<ReplicaAnnouncement[]?> answer)
    {
        var answered = false;
        void Once(ReplicaAnnouncement[]? replicas)
        {
            if (!answered)
            {
                answered = true;
                answer(replicas);
            }
        }

        Call(silo, catalog => Ask(catalog, Now, Once));
        After(Patience, () => Once(null));
    }

    private void Ask(Catalog catalog, double asked, Action<ReplicaAnnouncement[]?> answer)
    {
        if (_catalog != catalog)
        {
            return;
        }

        var age = TimeSpan.FromSeconds(Now - catalog.Since);
        catalog.Replicas.Expire(age, replica => catalog.Host.KnownDead.Contains(SiloAddress.FromParsableString(replica.Silo)));
        var known = catalog.Replicas.Replicas("tiny");
        var engines = _silos.Where(other => other.IsEngine && !catalog.Host.KnownDead.Contains(other.Address)).Select(other => other.Key.Silo);
        if (catalog.Replicas.Wait(known.Length > 0, TimeSpan.FromSeconds(asked - catalog.Since), age, engines) > TimeSpan.Zero)
        {
            After(0.1, () => Ask(catalog, asked, answer));      // it cannot tell yet
            return;
        }

        After(Delay(), () => answer(known));
    }

    /// <summary>A call of the catalog grain: it is activated by the first who knows that its old silo is dead; before that the call is lost.</summary>
    private void Call(Silo silo, Action<Catalog> action)
    {
        if (_catalog is null && _silos.All(other => other.Alive || silo.KnownDead.Contains(other.Address)))
        {
            var hosts = _silos.Where(other => other.Alive).ToArray();
            _catalog = new Catalog(hosts[_random.Next(hosts.Length)], new AnnouncedReplicas(TimeSpan.FromSeconds(Heartbeat), 10), Now);
        }

        if (_catalog is { } called && _random.Next(50) > 0)         // one in fifty is lost
        {
            After(Delay(), () =>
            {
                if (_catalog == called)
                {
                    action(called);
                }
            });
        }
    }

    // Routing.

    private void Route(Silo gateway, Request request)
    {
        gateway.Waiting.Enqueue(request);
        if (Now - gateway.ReadAt < Refresh)
        {
            ChooseForAll(gateway);
        }
        else if (!gateway.Reading)
        {
            gateway.Reading = true;
            List(gateway, replicas =>
            {
                if (replicas is not null)
                {
                    gateway.Routing.Update(replicas, TimeSpan.FromSeconds(Now));
                    gateway.States = replicas.ToDictionary(announcement => announcement.Replica, announcement => announcement.State);
                }

                (gateway.Reading, gateway.ReadAt) = (false, Now);
                ChooseForAll(gateway);
            });
        }
    }

    private void ChooseForAll(Silo gateway)
    {
        while (gateway.Waiting.TryDequeue(out var request))
        {
            Choose(gateway, request);
        }
    }

    private void Choose(Silo gateway, Request request)
    {
        ReplicaChoice choice;
        try
        {
            choice = gateway.Routing.Choose(_selector, new RoutingRequest([], request.PromptTokens + request.Tokens, [.. request.Lost]), gateway.KnownDead.Contains, TimeSpan.FromSeconds(Now));
        }
        catch (RequestException exception)
        {
            Finish(request, exception.Message);
            return;
        }

        var silo = _silos.Single(known => known.IsEngine && known.Key == choice.Replica);
        Require(!gateway.KnownDead.Contains(silo.Address), $"request {request.Number} was routed to {silo}, which {gateway} knows to be dead");
        Require(gateway.States[choice.Replica] == ReplicaState.Ready, $"request {request.Number} was routed to {silo}, which {gateway} knows to drain");
        Require(!request.Lost.Contains(choice.Replica), $"request {request.Number} was routed to {silo} again, which it had lost");
        request.Starts++;
        (request.Gateway, request.Ticket) = (gateway, choice.Ticket);
        var attempt = ++request.Attempt;
        After(Delay(), () => Start(gateway, silo, request, attempt));
        Watch(gateway, silo, request, attempt);
    }

    /// <summary>The stream of a silo that died breaks when the gateway's silo learns of it, or when the call's patience ends.</summary>
    private void Watch(Silo gateway, Silo silo, Request request, int attempt)
    {
        After(0.05, () =>
        {
            if (request.Ends > 0 || request.Attempt != attempt)
            {
                return;
            }

            if (!silo.Alive && (gateway.KnownDead.Contains(silo.Address) || Now - silo.EndedAt > Patience))
            {
                GoOnElsewhere(gateway, silo, request, $"{silo} was lost");
                return;
            }

            Watch(gateway, silo, request, attempt);
        });
    }

    private void GoOnElsewhere(Silo gateway, Silo silo, Request request, string why)
    {
        gateway.Routing.Ended(request.Ticket);
        request.Lost.Add(silo.Key);
        request.Attempt++;                          // what the old run still sends is not listened to
        if (request.Starts >= MostStarts)
        {
            Finish(request, why);
            return;
        }

        Route(gateway, request);
    }

    // Engines.

    private void Start(Silo gateway, Silo silo, Request request, int attempt)
    {
        if (!silo.Alive || request.Attempt != attempt)
        {
            return;
        }

        if (silo.Draining)
        {
            After(Delay(), () =>
            {
                if (request.Attempt == attempt && request.Ends == 0)
                {
                    GoOnElsewhere(gateway, silo, request, $"{silo} drains");
                }
            });
            return;
        }

        Require(silo.Running.Add((request.Number, attempt)), $"request {request.Number} runs twice on {silo} as attempt {attempt}");
        After(0.02 + (request.PromptTokens * 0.001), () => Draw(silo, request, attempt, request.Tokens, 0));
    }

    private void Draw(Silo silo, Request request, int attempt, int position, double sentUntil)
    {
        if (!silo.Alive)
        {
            return;
        }

        if (request.Attempt != attempt || request.Ends > 0)
        {
            silo.Running.Remove((request.Number, attempt));         // nobody reads any more: aborted
            return;
        }

        // A stream keeps its order, however late each message is.
        var arrives = Math.Max(Now + Delay(), sentUntil);
        At(arrives, () => Hear(request, attempt, position));
        if (position + 1 < request.Wanted)
        {
            After(0.01 + (_random.NextDouble() * 0.05), () => Draw(silo, request, attempt, position + 1, arrives));
            return;
        }

        silo.Running.Remove((request.Number, attempt));
    }

    private void Hear(Request request, int attempt, int position)
    {
        if (request.Attempt != attempt)
        {
            return;
        }

        Require(position == request.Tokens, $"request {request.Number} was told token {position} after {request.Tokens}");
        request.Tokens++;
        if (request.Tokens == request.Wanted)
        {
            Finish(request, null);
        }
    }

    private void Finish(Request request, string? failure)
    {
        request.Ends++;
        request.Failure = failure;
        request.Gateway?.Routing.Ended(request.Ticket);
    }

    private void Require(bool condition, string broken)
    {
        if (!condition)
        {
            _faults.Add($"at {Now:F2} s: {broken}");
        }
    }

    /// <summary>Most messages take milliseconds, some a second.</summary>
    private double Delay() => _random.Next(20) == 0 ? _random.NextDouble() : 0.001 + (_random.NextDouble() * 0.02);

    private sealed record Catalog(Silo Host, AnnouncedReplicas Replicas, double Since);

    private sealed class Request(int number, int promptTokens, int wanted)
    {
        public int Number => number;

        public int PromptTokens => promptTokens;

        public int Wanted => wanted;

        public int Tokens { get; set; }

        public int Starts { get; set; }

        public int Attempt { get; set; }

        public int Ends { get; set; }

        public string? Failure { get; set; }

        public Silo? Gateway { get; set; }

        public long Ticket { get; set; }

        public List<ReplicaKey> Lost { get; } = [];
    }

    private sealed class Silo
    {
        public static readonly ModelDescriptor Descriptor = new FakeModel().Descriptor;

        public Silo(int port, int generation, bool isEngine, ulong seed)
        {
            (Port, Generation, IsEngine) = (port, generation, isEngine);
            Address = SiloAddress.New(IPAddress.Loopback, port, generation);
            Key = new ReplicaKey("tiny", Address.ToParsableString());
            Routing = new ModelReplicas("tiny", seed);
        }

        public int Port { get; }

        public int Generation { get; }

        public bool IsEngine { get; }

        public SiloAddress Address { get; }

        public ReplicaKey Key { get; }

        public bool Alive { get; set; } = true;

        public double EndedAt { get; set; } = double.PositiveInfinity;

        public bool Draining { get; set; }

        public double MutedUntil { get; set; }

        public long Beats { get; set; }

        public HashSet<(int Request, int Attempt)> Running { get; } = [];

        public HashSet<SiloAddress> KnownDead { get; init; } = [];

        public ModelReplicas Routing { get; }

        public Dictionary<ReplicaKey, ReplicaState> States { get; set; } = [];

        public double ReadAt { get; set; } = double.NegativeInfinity;

        public bool Reading { get; set; }

        public Queue<Request> Waiting { get; } = new();

        public override string ToString() => $"silo {Port}.{Generation}";
    }
}

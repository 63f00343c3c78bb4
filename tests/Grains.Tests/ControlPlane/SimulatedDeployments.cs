using XLLM.Grains.Interfaces.Administration;
using XLLM.Grains.Interfaces.Replicas;
using XLLM.Grains.Scaling;

namespace XLLM.Grains.Tests.ControlPlane;

/// <summary>
/// Deployments of a cluster in virtual time, driven by a seed: the product's <see cref="Deployments"/> between silos whose reports are old when they arrive, whose loads take
/// long and fail, which drain and come back, and which are killed; the grain itself dies with its silo and begins anew from storage, which fails before and after it writes.
/// </summary>
internal sealed class SimulatedDeployments : Simulation
{
    private const int Engines = 4;
    private const double Look = 1;
    private const double Patience = 1.5;            // of a question to a silo that does not answer
    private const double Backoff = 10;
    private const double InFlight = 4;              // an order and the look before it: what was decided on older knowledge, or by the grain's earlier life
    private const double FaultsEnd = 60;
    private const double End = 120;

    private static readonly string[] Models = ["m0", "m1", "m2"];

    private readonly Random _random;
    private readonly List<Silo> _silos = [];        // all that ever were
    private readonly List<string> _broken = [];
    private readonly Dictionary<string, double> _fewerSince = [];
    private DeploymentSpec[] _stored = [];
    private Grain? _grain;

    public SimulatedDeployments(int seed)
    {
        _random = new Random(seed);
        for (var port = 1; port <= Engines; port++)
        {
            Start(port, generation: 1);
        }

        for (var time = 0.0; time < End; time += 2 * Look)
        {
            At(time, Wake);
        }

        foreach (var model in Models)
        {
            At(0.5, () => Want(model, _random.Next(1, Engines + 1)));
        }

        for (var i = 0; i < 6; i++)
        {
            At(2 + (_random.NextDouble() * (FaultsEnd - 2)), () => Want(Models[_random.Next(Models.Length)], _random.Next(0, Engines + 1)));
        }

        for (var i = 0; i < 13; i++)
        {
            At(2 + (_random.NextDouble() * (FaultsEnd - 2)), Disturb);
        }
    }

    /// <summary>Silos that were killed.</summary>
    public int Killed => _silos.Count(silo => !silo.Alive);

    /// <summary>Drains that were begun.</summary>
    public int Drains { get; private set; }

    /// <summary>Loads that were begun.</summary>
    public int Loads { get; private set; }

    /// <summary>Loads that failed.</summary>
    public int FailedLoads { get; private set; }

    /// <summary>Writes that failed, before or after they wrote.</summary>
    public int FailedWrites { get; private set; }

    /// <summary>Activations of the grain.</summary>
    public int Activations { get; private set; }

    /// <summary>Runs to the end and returns every invariant that was broken, in words.</summary>
    public IReadOnlyList<string> Run()
    {
        RunUntil(End);

        foreach (var model in Models)
        {
            var wanted = Array.Find(_stored, spec => spec.Model.Name == model)?.Replicas ?? 0;
            var active = _silos.Where(silo => silo.IsActive).ToArray();
            var there = Array.FindAll(active, silo => silo.Replicas.ContainsKey(model));
            Require(there.Length == Math.Min(wanted, active.Length), $"{wanted} replicas of {model} are wanted of {active.Length} silos, {there.Length} are there");
            Require(there.All(silo => silo.Replicas[model].State == LoadedState.Ready), $"a replica of {model} is not ready in the end");
        }

        return _broken;
    }

    // The world.

    private void Start(int port, int generation) => _silos.Add(new Silo(port, generation));

    private void Disturb()
    {
        var living = _silos.Where(silo => silo.Alive).ToArray();
        var victim = living[_random.Next(living.Length)];
        switch (_random.Next(4))
        {
            case 0 when living.Length > 2:
                Kill(victim);
                break;
            case 1:
                victim.SilentUntil = Now + (_random.NextDouble() * 5);
                break;
            case 2:
                victim.FailsUntil = Now + (_random.NextDouble() * 15);
                break;
            case 3 when living.Count(silo => silo.IsActive) > 2:
                Drain(victim);
                break;
        }
    }

    /// <summary>What it has goes on serving what runs; most come back with all of it, some stay out to the end.</summary>
    private void Drain(Silo victim)
    {
        Drains++;
        victim.State = SiloState.Draining;
        After(_random.NextDouble() * 5, () => victim.State = SiloState.Drained);
        if (_random.Next(4) > 0)
        {
            After(5 + (_random.NextDouble() * 20), () => victim.State = SiloState.Active);
        }
    }

    private void Kill(Silo victim)
    {
        (victim.Alive, victim.NoticedAt) = (false, Now + (_random.NextDouble() * 3));
        if (_grain?.Host == victim)
        {
            _grain = null;          // somebody wakes it elsewhere
        }

        After(1 + (_random.NextDouble() * 6), () => Start(victim.Port, victim.Generation + 1));
    }

    /// <summary>An administrator says what is wanted, and says it again until it is acknowledged.</summary>
    private void Want(string model, int replicas)
    {
        if (_grain is not { } grain)
        {
            After(Look, () => Want(model, replicas));
            return;
        }

        DeploymentSpec[] specs = [.. _stored.Where(other => other.Model.Name != model), new DeploymentSpec(new ModelPlace(model), replicas)];
        var fault = Now < FaultsEnd ? _random.Next(6) : int.MaxValue;
        FailedWrites += fault < 2 ? 1 : 0;
        if (fault != 0)
        {
            if (replicas < (Array.Find(_stored, spec => spec.Model.Name == model)?.Replicas ?? 0))
            {
                _fewerSince[model] = Now;
            }

            _stored = specs;
        }

        if (fault < 2)
        {
            _grain = null;          // what is stored is not known until it is read again
            After(Look, () => Want(model, replicas));
            return;
        }

        grain.Deployments.Specs = specs;
        grain.Deployments.Wake(model);
        if (replicas > 0)
        {
            grain.Deployments.Demand(model, Time);
        }

        LookNow(grain);
    }

    // The grain.

    private void Wake()
    {
        if (_grain is not null)
        {
            return;
        }

        var hosts = _silos.Where(silo => silo.Alive).ToArray();
        _grain = new Grain(hosts[_random.Next(hosts.Length)], new Deployments(new ResidenceRules(null, TimeSpan.FromSeconds(10)), TimeSpan.FromSeconds(Backoff)) { Specs = _stored }, Now);
        Activations++;
        Beat(_grain);
    }

    private void Beat(Grain grain)
    {
        if (_grain == grain)
        {
            LookNow(grain);
            After(Look, () => Beat(grain));
        }
    }

    /// <summary>Asks all silos at once; one look at a time.</summary>
    private void LookNow(Grain grain)
    {
        if (grain.Looking)
        {
            return;
        }

        grain.Looking = true;
        grain.Deployments.BeginLook();
        var members = _silos.Where(silo => silo.Alive || Now < silo.NoticedAt).ToArray();
        var reports = new SiloReport[members.Length];
        var longest = 0.0;
        for (var i = 0; i < members.Length; i++)
        {
            var (silo, place, there, back) = (members[i], i, Delay(), Delay());
            var isSilent = !silo.Alive || Now < silo.SilentUntil || there + back > Patience;
            longest = Math.Max(longest, isSilent ? Patience : there + back);
            reports[i] = new SiloReport { Silo = silo.Address, Name = $"silo-{silo.Port}", State = SiloState.Unreachable };
            After(there, () =>
            {
                if (!isSilent && silo.Alive)
                {
                    reports[place] = silo.Report();         // old when the plan is made
                    grain.Hear(silo, Now);
                }
            });
        }

        After(longest + 0.001, () =>
        {
            grain.Looking = false;
            if (_grain != grain)
            {
                return;
            }

            foreach (var action in grain.Deployments.Look(reports, Time))
            {
                Act(grain, action);
            }
        });
    }

    private void Act(Grain grain, ReplicaAction action)
    {
        var silo = _silos.Single(silo => silo.Address == action.Silo);
        After(Delay(), () =>
        {
            if (!silo.Alive)
            {
                After(Patience, () => Ended(null));
            }
            else if (action.Kind == ReplicaActionKind.Unload)
            {
                Unload(silo, action.Model.Name, () => Ended(null));
            }
            else
            {
                Load(grain, silo, action.Model.Name, Ended);
            }
        });

        void Ended(string? failure)
        {
            if (_grain != grain)
            {
                return;
            }

            if (failure is not null)
            {
                grain.Deployments.Failed(action, failure, Time);
            }

            grain.Deployments.Ended(action);
            LookNow(grain);
        }
    }

    // Silos.

    private void Load(Grain grain, Silo silo, string model, Action<string?> ended)
    {
        if (silo.Replicas.TryGetValue(model, out var known))
        {
            // As the loader answers: one that is there, or on its way, is not loaded again. Only an activation that has not looked yet may ask for it.
            Require(known.State == LoadedState.Unloading || Now - grain.Since < InFlight, $"{silo} was told to load {model}, which it has ({known.State})");
            After(Delay(), () => ended(known.State == LoadedState.Unloading ? "it is about to be unloaded here" : null));
            return;
        }

        var wanted = Array.Find(_stored, spec => spec.Model.Name == model)?.Replicas ?? 0;
        var others = _silos.Count(other => other.IsActive && grain.Knows(other, isActive: true, Now) && other.Replicas.TryGetValue(model, out var replica) && replica.State != LoadedState.Unloading);
        Require(!grain.Knows(silo, isActive: false, Now), $"{silo} loads {model} though it has said that it drains");
        Require(
            others < wanted || Now - _fewerSince.GetValueOrDefault(model, double.NegativeInfinity) < InFlight || Now - grain.Since < InFlight,
            $"{silo} loads {model}, of which {others} are there and {wanted} are wanted");
        Loads++;
        silo.Replicas[model] = new LoadedReplica { Model = model, State = LoadedState.Loading };
        After(0.5 + (_random.NextDouble() * 8), () =>
        {
            if (!silo.Alive)
            {
                After(Patience, () => ended(null));
                return;
            }

            if (Now < silo.FailsUntil)
            {
                FailedLoads++;
                silo.Replicas.Remove(model);
                After(Delay(), () => ended("it does not fit"));
                return;
            }

            silo.Replicas[model] = new LoadedReplica { Model = model, State = LoadedState.Ready };
            After(Delay(), () => ended(null));
        });
    }

    private void Unload(Silo silo, string model, Action ended)
    {
        if (!silo.Replicas.TryGetValue(model, out var replica) || replica.State != LoadedState.Ready)
        {
            After(Delay(), ended);
            return;
        }

        silo.Replicas[model] = replica with { State = LoadedState.Unloading };
        After(0.2 + (_random.NextDouble() * 3), () =>
        {
            silo.Replicas.Remove(model);
            After(Delay(), ended);
        });
    }

    private void Require(bool condition, string broken)
    {
        if (!condition)
        {
            _broken.Add($"at {Now:F2} s: {broken}");
        }
    }

    private TimeSpan Time => TimeSpan.FromSeconds(Now);

    /// <summary>Most messages take milliseconds, some a second.</summary>
    private double Delay() => _random.Next(20) == 0 ? _random.NextDouble() : 0.001 + (_random.NextDouble() * 0.02);

    private sealed class Grain(Silo host, Deployments deployments, double since)
    {
        private readonly Dictionary<Silo, (bool IsActive, double Since)> _heard = [];

        public Silo Host => host;

        public Deployments Deployments => deployments;

        public double Since => since;

        public bool Looking { get; set; }

        /// <summary>A silo's report has come.</summary>
        public void Hear(Silo silo, double now)
        {
            if (!_heard.TryGetValue(silo, out var heard))
            {
                _heard[silo] = (silo.IsActive, double.NegativeInfinity);        // nothing older is under way there
            }
            else if (heard.IsActive != silo.IsActive)
            {
                _heard[silo] = (silo.IsActive, now);
            }
        }

        /// <summary>Whether this activation has long been told so; what a silo has that never answered it, it cannot know.</summary>
        public bool Knows(Silo silo, bool isActive, double now) => _heard.TryGetValue(silo, out var heard) && heard.IsActive == isActive && now - heard.Since >= InFlight;
    }

    private sealed class Silo(int port, int generation)
    {
        public int Port => port;

        public int Generation => generation;

        public string Address { get; } = $"silo {port}.{generation}";

        public bool Alive { get; set; } = true;

        public SiloState State { get; set; } = SiloState.Active;

        /// <summary>Whether what it has counts.</summary>
        public bool IsActive => Alive && State == SiloState.Active;

        /// <summary>When the membership knows that it is dead.</summary>
        public double NoticedAt { get; set; }

        public double SilentUntil { get; set; }

        public double FailsUntil { get; set; }

        public Dictionary<string, LoadedReplica> Replicas { get; } = [];

        public SiloReport Report() => new()
        {
            Silo = Address,
            Name = $"silo-{port}",
            State = State,
            KnownModels = [.. Models.Select(model => new KnownModel(model, 10))],
            Replicas = [.. Replicas.Values],
        };

        public override string ToString() => Address;
    }
}

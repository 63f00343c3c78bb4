using System.Net;
using Orleans.Runtime;
using XLLM.Grains.Interfaces.Replicas;
using XLLM.Grains.Interfaces.Routing;
using XLLM.Grains.Ports;
using XLLM.Grains.Prefixes;

namespace XLLM.Grains.Tests.ControlPlane;

/// <summary>
/// The prefix tables of a cluster in virtual time, driven by a seed: the product's publications and tables between engines whose prefixes come and go. Calls are lost on
/// either way, or come after their caller gave up and in the wrong order; silos are killed and start again; models are unloaded and loaded; sources lose changes and tell everything.
/// </summary>
internal sealed class SimulatedPrefixes : Simulation
{
    private const int Engines = 4;
    private const int Gateways = 1;
    private const int Universe = 60;                // prefixes that there are
    private const double Period = 0.05;
    private const int RoundsPerConfirmation = 100;
    private const double Patience = 1.5;            // of a call to a silo that does not answer
    private const double FaultsEnd = 20;
    private const double End = 40;

    private readonly Random _random;
    private readonly List<Silo> _silos = [];        // all that ever were
    private readonly List<string> _broken = [];

    public SimulatedPrefixes(int seed)
    {
        _random = new Random(seed);
        for (var port = 1; port <= Engines + Gateways; port++)
        {
            Start(port, generation: 1);
        }

        for (var i = 0; i < 8; i++)
        {
            At(1 + (_random.NextDouble() * (FaultsEnd - 1)), Disturb);
        }
    }

    /// <summary>Silos that were killed.</summary>
    public int Killed => _silos.Count(silo => !silo.Alive);

    /// <summary>Calls that were lost, or came late.</summary>
    public int Faults { get; private set; }

    /// <summary>Prefixes compared at the end, over all tables.</summary>
    public int Compared { get; private set; }

    /// <summary>Runs to the end and returns every table that differs from what sources hold, in words.</summary>
    public IReadOnlyList<string> Run()
    {
        RunUntil(End);

        foreach (var silo in _silos.Where(silo => silo.Alive))
        {
            Check(silo);
        }

        return _broken;
    }

    private void Check(Silo silo)
    {
        var sources = _silos.Where(source => source is { Alive: true, IsEngine: true, Held: not null }).ToArray();
        var keys = sources.Select(source => source.Key).ToArray();
        foreach (var stranger in silo.Table.Keys.Except(keys))
        {
            _broken.Add($"{silo} believes in {stranger}");
        }

        var holdings = new PrefixHolding[keys.Length];
        for (var number = 0; number < Universe; number++)
        {
            silo.Table.Index.Find([Hash(number)], keys, holdings);
            for (var i = 0; i < keys.Length; i++)
            {
                var held = sources[i].Held!.GetValueOrDefault(Hash(number));
                var expected = new PrefixHolding(held.HasFlag(PrefixTiers.Device) ? 1 : 0, held == PrefixTiers.None ? 0 : 1);
                Compared += held == PrefixTiers.None ? 0 : 1;
                if (holdings[i] != expected)
                {
                    _broken.Add($"{silo} believes that {sources[i]} holds {holdings[i]} of prefix {number}, it is {expected}");
                }
            }
        }
    }

    private void Start(int port, int generation)
    {
        var silo = new Silo(port, generation, isEngine: port <= Engines) { KnownDead = [.. _silos.Where(other => !other.Alive).Select(other => other.Address)] };
        _silos.Add(silo);
        if (silo.IsEngine)
        {
            Load(silo);
            After(_random.NextDouble() * Period, () => Round(silo, 1));
        }
    }

    private void Load(Silo silo)
    {
        var earlier = silo.Publication;
        (silo.Held, silo.Publication) = ([], new PrefixPublication(silo.Key, kept: _random.Next(5, 60), perBatch: 10, after: (earlier?.Last ?? 0) + 1));
        if (earlier is not null)
        {
            silo.Publication.TellAnew(earlier);
        }
    }

    /// <summary>Kills a silo, unloads its model for a while, or has it lose changes.</summary>
    private void Disturb()
    {
        var living = _silos.Where(silo => silo.Alive).ToArray();
        var victim = living[_random.Next(living.Length)];
        switch (_random.Next(3))
        {
            case 0 when living.Length > 2:
                Kill(victim);
                break;
            case 1 when victim is { IsEngine: true, Held: not null }:
                (victim.Held, victim.Publication!.IsGone) = (null, true);
                After(_random.NextDouble() * 3, () =>
                {
                    if (victim.Alive)
                    {
                        Load(victim);
                    }
                });
                break;
            case 2 when victim is { IsEngine: true, Held: not null }:
                victim.HasLost = true;
                break;
        }
    }

    private void Kill(Silo victim)
    {
        victim.Alive = false;
        foreach (var observer in _silos.Where(other => other.Alive).ToArray())
        {
            After(0.1 + (_random.NextDouble() * 3), () =>
            {
                observer.KnownDead.Add(victim.Address);
                observer.Table.Forget(victim.Key);
                observer.Publication?.Forget(victim.Address);
                observer.Calling.Remove(victim.Address);
            });
        }

        After(0.5 + (_random.NextDouble() * 4), () => Start(victim.Port, victim.Generation + 1));
    }

    /// <summary>What a publisher does every 50 ms.</summary>
    private void Round(Silo source, int round)
    {
        if (!source.Alive)
        {
            return;
        }

        Change(source);
        foreach (var silo in _silos.Where(silo => silo != source && !source.KnownDead.Contains(silo.Address)).ToArray())
        {
            if (source.Calling.Add(silo.Address))
            {
                Tell(source, silo, round % RoundsPerConfirmation == 0);
            }
        }

        while (source.Publication!.Next(source.Address, endpoint: null, confirms: false) is { } batch)
        {
            source.Publication.Answered(source.Address, batch, source.Table.Apply(batch));
        }

        After(Period, () => Round(source, round + 1));
    }

    private void Change(Silo source)
    {
        if (source.Held is not { } held)
        {
            return;
        }

        var changes = new Dictionary<PrefixHash, PrefixTiers>();
        for (var count = Now < FaultsEnd && _random.Next(4) == 0 ? _random.Next(12) : 0; count > 0; count--)
        {
            changes[Hash(_random.Next(Universe))] = (PrefixTiers)_random.Next(4);
        }

        foreach (var (hash, tiers) in changes)
        {
            if (tiers == PrefixTiers.None)
            {
                held.Remove(hash);
            }
            else
            {
                held[hash] = tiers;
            }
        }

        source.Publication!.Append(new PrefixChanges(source.HasLost, [.. (source.HasLost ? held : changes).Select(change => new PrefixChange(change.Key, change.Value))]));
        source.HasLost = false;
    }

    /// <summary>Batches one after the other, until the silo knows all or a call fails.</summary>
    private void Tell(Silo source, Silo silo, bool confirms)
    {
        var publication = source.Publication!;
        if (!source.Alive || publication.Next(silo.Address, endpoint: null, confirms) is not { } batch)
        {
            source.Calling.Remove(silo.Address);
            return;
        }

        var fault = Now < FaultsEnd ? _random.Next(40) : int.MaxValue;
        Faults += fault < 3 ? 1 : 0;
        if (fault == 0)
        {
            After(Patience, () => source.Calling.Remove(silo.Address));         // lost on its way there
            return;
        }

        var late = fault == 1 ? Patience * (1 + (2 * _random.NextDouble())) : 0;    // comes when its caller has given up, and after what that has sent since
        var answered = false;
        After(late + Delay(), () =>
        {
            if (!silo.Alive)
            {
                return;
            }

            // As PrefixTable does: what comes from the dead is refused.
            var answer = silo.KnownDead.Contains(source.Address) ? batch.Number + batch.Hashes.Length - 1 : silo.Table.Apply(batch);
            if (fault is 1 or 2)
            {
                return;                                                         // lost on its way back, or not waited for
            }

            After(Delay(), () =>
            {
                answered = true;
                if (source.Alive)
                {
                    publication.Answered(silo.Address, batch, answer);
                    Tell(source, silo, confirms && batch.Hashes.Length > 0);
                }
            });
        });
        After(Patience, () =>
        {
            if (!answered)
            {
                source.Calling.Remove(silo.Address);
            }
        });
    }

    private static PrefixHash Hash(int number) => new(5, (ulong)number);

    private double Delay() => 0.001 + (_random.NextDouble() * 0.03);

    private sealed class Silo
    {
        public Silo(int port, int generation, bool isEngine)
        {
            (Port, Generation, IsEngine) = (port, generation, isEngine);
            Address = SiloAddress.New(IPAddress.Loopback, port, generation);
            Key = new ReplicaKey("tiny", Address.ToParsableString());
        }

        public int Port { get; }

        public int Generation { get; }

        public bool IsEngine { get; }

        public SiloAddress Address { get; }

        public ReplicaKey Key { get; }

        public bool Alive { get; set; } = true;

        public PrefixSources Table { get; } = new(100_000);

        public HashSet<SiloAddress> KnownDead { get; init; } = [];

        /// <summary>What its model holds; null while it has none.</summary>
        public Dictionary<PrefixHash, PrefixTiers>? Held { get; set; }

        public PrefixPublication? Publication { get; set; }

        public HashSet<SiloAddress> Calling { get; } = [];

        public bool HasLost { get; set; }

        public override string ToString() => $"silo {Port}.{Generation}";
    }
}

using XLLM.Grains.Interfaces.Administration;

namespace XLLM.Grains.Scaling;

/// <summary>Which models to load and unload where, so that what is becomes what is wanted. Pure: no clock, no chance, no I/O; the same look gives the same plan.</summary>
/// <remarks>
/// A replica counts if its silo is active: one on a draining silo is replaced before it is gone, one on a dead silo is not in the look at all.
/// Room is made only for a model that is demanded, and what makes room falls asleep: two models that do not fit together would otherwise push each other out for ever.
/// A silo gets its new model in the look after the one that made room, since memory comes back only when the old one has drained.
/// </remarks>
internal static class ReplicaPlanner
{
    /// <summary>Plans.</summary>
    /// <param name="wanted">All models that are wanted, demanded or in memory, each once.</param>
    /// <param name="silos">All silos with engines that answered.</param>
    /// <param name="rules">When models leave memory.</param>
    public static ReplicaPlan Plan(IReadOnlyList<WantedModel> wanted, IReadOnlyList<ModelSilo> silos, ResidenceRules rules)
    {
        var look = new Look(silos, rules);
        foreach (var model in wanted.OrderByDescending(model => model.Demanded).ThenBy(model => model.Place.Name, StringComparer.Ordinal))
        {
            look.Plan(model, [.. wanted.Where(other => other.Demanded).Select(other => other.Place.Name)]);
        }

        return new ReplicaPlan(look.Actions, look.FallAsleep, look.Obstacles);
    }

    private sealed class Look(IReadOnlyList<ModelSilo> silos, ResidenceRules rules)
    {
        private readonly ModelSilo[] _active = [.. silos.Where(silo => silo.Report.State == SiloState.Active).OrderBy(silo => silo.Report.Name, StringComparer.Ordinal)];
        private readonly Dictionary<string, long> _planned = [];        // bytes that this plan adds, by silo
        private readonly HashSet<(string Silo, string Model)> _leaving = [];

        public List<ReplicaAction> Actions { get; } = [];

        public List<string> FallAsleep { get; } = [];

        public Dictionary<string, string> Obstacles { get; } = [];

        public void Plan(WantedModel model, HashSet<string> demanded)
        {
            var name = model.Place.Name;
            if (model.Replicas is not null)
            {
                UnloadBroken(model);
            }

            var serving = Array.FindAll(_active, silo => Find(silo, name) is { State: LoadedState.Ready or LoadedState.Loading } && !_leaving.Contains((silo.Report.Silo, name)));
            if (!model.Demanded && rules.IdleUnload is { } idle && serving.Length > 0 && Array.TrueForAll(serving, silo => IsIdle(Find(silo, name)!, idle)))
            {
                FallAsleep.Add(name);
                UnloadAll(model, serving, "nobody used it");
                return;
            }

            if (model.Asleep && !model.Demanded)
            {
                UnloadAll(model, serving, "it sleeps");
                return;
            }

            var target = model.Replicas ?? Math.Max(serving.Length, model.Demanded ? 1 : 0);
            if (serving.Length > target)
            {
                foreach (var silo in serving.OrderBy(silo => Busy(Find(silo, name)!)).ThenByDescending(silo => Find(silo, name)!.Idle).ThenBy(silo => silo.Report.Name, StringComparer.Ordinal).Take(serving.Length - target))
                {
                    Unload(model.Place, silo, $"{serving.Length} replicas serve, {target} are wanted");
                }
            }

            for (var missing = serving.Length; missing < target && TryLoad(model, demanded, target); missing++)
            {
            }
        }

        /// <summary>A broken engine serves nothing and holds its memory; it is loaded anew when it is gone. Only where somebody says how many are wanted: otherwise the silo's health tells its supervisor.</summary>
        private void UnloadBroken(WantedModel model)
        {
            foreach (var silo in _active)
            {
                if (Find(silo, model.Place.Name) is { State: LoadedState.Failed })
                {
                    Unload(model.Place, silo, "its engine broke");
                }
            }
        }

        /// <summary>Plans one more replica.</summary>
        /// <returns>False if that cannot be; <see cref="Obstacles"/> says why.</returns>
        private bool TryLoad(WantedModel model, HashSet<string> demanded, int target)
        {
            var name = model.Place.Name;
            var able = Array.FindAll(_active, silo => Find(silo, name) is null && !Planned(silo, name) && (model.Place.Path is not null || Array.Exists(silo.Report.KnownModels, known => known.Name == name)));
            var willing = Array.FindAll(able, silo => !silo.Failed.Contains(name));
            if (willing.Length == 0)
            {
                Obstacles[name] = able.Length > 0
                    ? $"{target} replicas are wanted, but loading failed a short while ago on every silo that could have one"
                    : $"{target} replicas are wanted, but no further silo of {_active.Length} can have one";
                return false;
            }

            var bytes = willing.Max(silo => Bytes(silo, name));
            var best = willing.OrderByDescending(silo => Free(silo) >= bytes).ThenByDescending(Free).ThenBy(Count).ThenBy(silo => silo.Report.Name, StringComparer.Ordinal).First();
            if (Free(best) >= bytes)
            {
                Actions.Add(new(ReplicaActionKind.Load, best.Report.Silo, model.Place, $"{target} replicas are wanted"));
                _planned[best.Report.Silo] = _planned.GetValueOrDefault(best.Report.Silo) + bytes;
                return true;
            }

            Obstacles[name] = $"it needs {bytes} bytes, but the roomiest silo, {best.Report.Name}, has {Math.Max(0, Free(best))} of {best.Report.MemoryBudgetBytes} free";
            if (model.Demanded)
            {
                _ = Array.Exists(willing, silo => TryMakeRoom(silo, name, bytes, demanded));     // on one silo is enough
            }

            return false;
        }

        /// <summary>Sends the models to sleep that were unused for longest, until there is room. All of them or none.</summary>
        private bool TryMakeRoom(ModelSilo silo, string forModel, long bytes, HashSet<string> demanded)
        {
            var free = Free(silo) + silo.Report.Replicas.Where(replica => replica.State == LoadedState.Unloading || _leaving.Contains((silo.Report.Silo, replica.Model))).Sum(replica => replica.Bytes);
            var victims = new List<LoadedReplica>();
            foreach (var replica in silo.Report.Replicas
                .Where(replica => replica.Model != forModel && IsIdle(replica, rules.MinResidence) && !demanded.Contains(replica.Model) && !_leaving.Contains((silo.Report.Silo, replica.Model)))
                .OrderByDescending(replica => replica.Idle)
                .ThenBy(replica => replica.Model, StringComparer.Ordinal))
            {
                if (free >= bytes)
                {
                    break;
                }

                victims.Add(replica);
                free += replica.Bytes;
            }

            if (free < bytes)
            {
                return false;
            }

            foreach (var victim in victims)
            {
                if (!Array.Exists(_active, other => other != silo && Find(other, victim.Model) is { State: LoadedState.Ready } && !_leaving.Contains((other.Report.Silo, victim.Model))))
                {
                    FallAsleep.Add(victim.Model);       // the last one: a request brings it back
                }

                Unload(new ModelPlace(victim.Model), silo, $"{forModel} needs its place");
            }

            return true;
        }

        private void UnloadAll(WantedModel model, ModelSilo[] serving, string reason)
        {
            foreach (var silo in serving)
            {
                Unload(model.Place, silo, reason);
            }
        }

        private void Unload(ModelPlace model, ModelSilo silo, string reason)
        {
            if (_leaving.Add((silo.Report.Silo, model.Name)))
            {
                Actions.Add(new(ReplicaActionKind.Unload, silo.Report.Silo, model, reason));
            }
        }

        private bool Planned(ModelSilo silo, string model) => Actions.Exists(action => action.Kind == ReplicaActionKind.Load && action.Silo == silo.Report.Silo && action.Model.Name == model);

        /// <summary>Bytes that are free on a silo, after what this plan adds; models on their way out still have theirs.</summary>
        private long Free(ModelSilo silo) => silo.Report.MemoryBudgetBytes is { } budget
            ? budget - silo.Report.Replicas.Sum(replica => replica.Bytes) - _planned.GetValueOrDefault(silo.Report.Silo)
            : long.MaxValue - silo.Report.Replicas.Sum(replica => replica.Bytes) - _planned.GetValueOrDefault(silo.Report.Silo);

        private static int Count(ModelSilo silo) => silo.Report.Replicas.Length;

        private static long Bytes(ModelSilo silo, string model) => Array.Find(silo.Report.KnownModels, known => known.Name == model)?.Bytes ?? 0;

        private static LoadedReplica? Find(ModelSilo silo, string model) => Array.Find(silo.Report.Replicas, replica => replica.Model == model);

        private static int Busy(LoadedReplica replica) => (replica.Load?.RunningSequences ?? 0) + (replica.Load?.WaitingSequences ?? 0);

        private static bool IsIdle(LoadedReplica replica, TimeSpan least) => replica.State == LoadedState.Ready && Busy(replica) == 0 && replica.Idle >= least;
    }
}

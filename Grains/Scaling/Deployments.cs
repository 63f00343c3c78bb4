using XLLM.Grains.Interfaces.Administration;

namespace XLLM.Grains.Scaling;

/// <summary>What is wanted of all models, what silos said of them, and what is under way: the deployment grain's state and decisions. Pure: no I/O; time is an argument, counted from any fixed point. Not thread-safe.</summary>
/// <param name="rules">When models leave memory.</param>
/// <param name="failureBackoff">See <see cref="LifecycleOptions.FailureBackoff"/>.</param>
internal sealed class Deployments(ResidenceRules rules, TimeSpan failureBackoff)
{
    private readonly HashSet<string> _asleep = [];
    private readonly Dictionary<string, TimeSpan> _demanded = [];                           // model, since when
    private readonly Dictionary<(string Silo, string Model), (TimeSpan At, string Message)> _failures = [];
    private readonly Dictionary<(string Silo, string Model), ReplicaActionKind> _acting = [];
    private readonly List<ReplicaAction> _endedMeanwhile = [];                              // during a look, whose reports may be older
    private bool _isLooking;
    private SiloReport[] _silos = [];               // those that answered
    private SiloReport[] _silent = [];              // members that did not, as they were when they last did
    private Dictionary<string, string> _obstacles = [];

    /// <summary>What is wanted, as it is stored: one per model.</summary>
    public DeploymentSpec[] Specs { get; set; } = [];

    /// <summary>Silos are about to be asked: what ends from now on may be missing in what they say.</summary>
    public void BeginLook() => _isLooking = true;

    /// <summary>Takes in what silos said after <see cref="BeginLook"/>, and decides what to do.</summary>
    /// <param name="silos">
    /// All members with engines. One that did not answer counts as it was when it last did, until the membership calls it dead: a load costs seconds and gigabytes, a late answer nothing.
    /// </param>
    /// <param name="now">Time.</param>
    /// <returns>What is to be begun now. Each is under way until <see cref="Ended"/>.</returns>
    public IReadOnlyList<ReplicaAction> Look(SiloReport[] silos, TimeSpan now)
    {
        var before = _silos.Concat(_silent).ToDictionary(silo => silo.Silo);
        _silos = Array.FindAll(silos, silo => silo.State != SiloState.Unreachable);
        _silent = [.. silos.Where(silo => silo.State == SiloState.Unreachable && before.ContainsKey(silo.Silo)).Select(silo => before[silo.Silo])];
        ForgetFailures(now, silos);
        var plan = ReplicaPlanner.Plan(
            [.. Names().Select(Wanted)],
            [
                .. _silos.Select(silo => new ModelSilo(WithOrdered(silo), FailedOn(silo))),
                .. _silent.Select(silo => new ModelSilo(WithOrdered(silo), silo.KnownModels.Select(known => known.Name).ToHashSet())),      // gets nothing new
            ],
            rules);
        _obstacles = new(plan.Obstacles);
        foreach (var model in _demanded.Keys.Where(Serving).ToArray())
        {
            _demanded.Remove(model);
        }

        _asleep.UnionWith(plan.FallAsleep);
        ReplicaAction[] begun = [.. plan.Actions.Where(action => _acting.TryAdd((action.Silo, action.Model.Name), action.Kind))];
        _isLooking = false;
        _endedMeanwhile.ForEach(Ended);
        _endedMeanwhile.Clear();
        return begun;
    }

    /// <summary>An action has ended, well or not.</summary>
    public void Ended(ReplicaAction action)
    {
        if (_isLooking)
        {
            _endedMeanwhile.Add(action);
            return;
        }

        // What its silo last said is older, and is all that is known of it if it is silent now.
        var done = !_failures.ContainsKey((action.Silo, action.Model.Name));
        foreach (var reports in (ReadOnlySpan<SiloReport[]>)[_silos, _silent])
        {
            if (done && Array.FindIndex(reports, silo => silo.Silo == action.Silo) is >= 0 and var place)
            {
                reports[place] = action.Kind == ReplicaActionKind.Load ? WithOrdered(reports[place]) : Without(reports[place], action.Model.Name);
            }
        }

        _acting.Remove((action.Silo, action.Model.Name));
    }

    /// <summary>A load failed on a silo that is still there: it is not asked again for a while.</summary>
    public void Failed(ReplicaAction action, string message, TimeSpan now) => _failures[(action.Silo, action.Model.Name)] = (now, message);

    /// <summary>A request or an administrator asks for a model now: it is woken, and where it failed before is tried again.</summary>
    public void Demand(string model, TimeSpan now)
    {
        Wake(model);
        _demanded[model] = now;
    }

    /// <summary>What was said of a model does not count any more: it is awake, and has failed nowhere. False if it was awake.</summary>
    public bool Wake(string model)
    {
        foreach (var key in _failures.Keys.Where(key => key.Model == model).ToArray())
        {
            _failures.Remove(key);
        }

        _obstacles.Remove(model);
        return _asleep.Remove(model);
    }

    /// <summary>Names of all models that are wanted, in memory, known, or asked for.</summary>
    public IEnumerable<string> Names() => Specs.Select(spec => spec.Model.Name)
        .Concat(_silos.Concat(_silent).SelectMany(silo => silo.Replicas.Select(replica => replica.Model).Concat(silo.KnownModels.Select(known => known.Name))))
        .Concat(_demanded.Keys)
        .Distinct(StringComparer.Ordinal)
        .Order(StringComparer.Ordinal);

    /// <summary>What is wanted of a model; null: nobody said.</summary>
    public DeploymentSpec? Spec(string model) => Array.Find(Specs, spec => spec.Model.Name == model);

    /// <summary>Whether a silo knows where to find it.</summary>
    public bool IsKnown(string model) => Array.Exists(_silos, silo => Array.Exists(silo.KnownModels, known => known.Name == model));

    /// <summary>Whether a silo has it in memory, or is about to.</summary>
    public bool IsLoaded(string model) => Array.Exists(_silos, silo => Array.Exists(silo.Replicas, replica => replica.Model == model));

    /// <summary>Whether it left memory and waits for a request.</summary>
    public bool IsAsleep(string model) => _asleep.Contains(model);

    /// <summary>Whether a request may have it loaded.</summary>
    /// <param name="model">The model.</param>
    /// <param name="onFirstUse">See <see cref="LifecycleOptions.LoadOnFirstUse"/>.</param>
    public bool MayLoad(string model, bool onFirstUse) => IsAsleep(model) || (Spec(model) is { } spec ? spec.Replicas > 0 : onFirstUse && IsKnown(model));

    /// <summary>Whether an active silo serves it, and goes on to.</summary>
    public bool Serving(string model) => Array.Exists(
        _silos, silo => silo.State == SiloState.Active && !IsUnloading(silo, model) && Array.Exists(silo.Replicas, replica => replica.Model == model && replica.State == LoadedState.Ready));

    /// <summary>Whether it has just the replicas that are wanted, and nothing is under way.</summary>
    public bool IsAsWanted(string model)
    {
        var (ready, other) = (0, 0);
        foreach (var replica in _silos.Where(silo => silo.State == SiloState.Active).SelectMany(silo => silo.Replicas).Where(replica => replica.Model == model))
        {
            (ready, other) = replica.State == LoadedState.Ready ? (ready + 1, other) : (ready, other + 1);
        }

        return other == 0 && (Spec(model) is not { } spec || ready == (IsAsleep(model) ? 0 : spec.Replicas)) && !IsActing(model);
    }

    /// <summary>Whether nothing is under way, and nothing further can be: every try since then failed, or no silo can have one.</summary>
    public bool IsHopeless(string model, TimeSpan since) => !IsActing(model) && (_obstacles.ContainsKey(model) || Failure(model, since) is not null);

    /// <summary>Why a replica that is wanted cannot be had now; null: it can.</summary>
    public string? Obstacle(string model) => _obstacles.GetValueOrDefault(model);

    /// <summary>What the last failure since then said; null: there was none.</summary>
    /// <param name="model">The model.</param>
    /// <param name="since">Time; null: from the first one that still counts.</param>
    public string? Failure(string model, TimeSpan? since)
    {
        foreach (var ((_, failed), (at, message)) in _failures)
        {
            if (failed == model && (since is not { } from || at >= from))
            {
                return message;
            }
        }

        return null;
    }

    /// <summary>A model as it is now.</summary>
    public DeploymentReport Report(string model) => new()
    {
        Model = model,
        Path = Spec(model)?.Model.Path,
        WantedReplicas = Spec(model)?.Replicas,
        Replicas = [.. from silo in _silos from replica in silo.Replicas where replica.Model == model select new DeployedReplica(silo.Name, silo.Silo, replica)],
        Asleep = IsAsleep(model),
        LastFailure = Failure(model, since: null) ?? Obstacle(model),
    };

    private WantedModel Wanted(string model) => new(Spec(model)?.Model ?? new ModelPlace(model), Spec(model)?.Replicas, IsAsleep(model), _demanded.ContainsKey(model));

    private bool IsUnloading(SiloReport silo, string model) => _acting.TryGetValue((silo.Silo, model), out var kind) && kind == ReplicaActionKind.Unload;

    private bool IsActing(string model) => _acting.Keys.Any(act => act.Model == model);

    private static SiloReport Without(SiloReport silo, string model) => silo with { Replicas = Array.FindAll(silo.Replicas, replica => replica.Model != model) };

    /// <summary>A report with the loads that were ordered and that the silo did not know of yet when it answered: they count, or another silo would be asked for the same replica.</summary>
    private SiloReport WithOrdered(SiloReport silo)
    {
        var ordered = _acting
            .Where(act => act.Value == ReplicaActionKind.Load && act.Key.Silo == silo.Silo && !Array.Exists(silo.Replicas, replica => replica.Model == act.Key.Model))
            .Select(act => new LoadedReplica
            {
                Model = act.Key.Model,
                State = LoadedState.Loading,
                Bytes = Array.Find(silo.KnownModels, known => known.Name == act.Key.Model)?.Bytes ?? 0,
            })
            .OrderBy(replica => replica.Model, StringComparer.Ordinal)
            .ToArray();
        return ordered.Length == 0 ? silo : silo with { Replicas = [.. silo.Replicas, .. ordered] };
    }

    /// <summary>Models that failed on a silo within the backoff.</summary>
    private HashSet<string> FailedOn(SiloReport silo) => [.. _failures.Keys.Where(key => key.Silo == silo.Silo).Select(key => key.Model)];

    /// <summary>Forgets older failures, and those of silos that are gone.</summary>
    private void ForgetFailures(TimeSpan now, SiloReport[] members)
    {
        foreach (var (key, (at, _)) in _failures.ToArray())
        {
            if (now - at >= failureBackoff || !Array.Exists(members, known => known.Silo == key.Silo))
            {
                _failures.Remove(key);
            }
        }
    }
}

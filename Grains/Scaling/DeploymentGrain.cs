using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Concurrency;
using Orleans.Runtime;
using XLLM.Grains.Interfaces;
using XLLM.Grains.Interfaces.Administration;
using XLLM.Grains.Interfaces.Client;
using XLLM.Grains.Placement;
using XLLM.Grains.Ports;

namespace XLLM.Grains.Scaling;

/// <summary>Looks at all silos again and again, and has models loaded and unloaded until each has the replicas that are wanted. What to do is decided by <see cref="ReplicaPlanner"/>.</summary>
/// <remarks>
/// Reentrant: loading takes minutes, and neither a look nor a question must wait for it. No invariant spans an await but one: one look at a time.
/// Survives a restart: what is wanted. Who sleeps, who failed and who waits is forgotten with the activation; loading itself goes on in its silo, and the next look finds it there.
/// </remarks>
[GrainType("xllm.deployments"), Reentrant, EngineSilos, KeepAlive]
internal sealed partial class DeploymentGrain(
    [PersistentState("deployments", StorageNames.Default)] IPersistentState<DeploymentState> state, IAdministration administration, IOptions<LifecycleOptions> options,
    TimeProvider clock, ILogger<DeploymentGrain> logger) : Grain, IDeploymentGrain
{
    private const int MostReplicas = 1000;

    private readonly HashSet<string> _asleep = [];
    private readonly Dictionary<string, long> _demanded = [];                               // model, since when
    private readonly Dictionary<(string Silo, string Model), (long At, string Message)> _failures = [];
    private readonly HashSet<(string Silo, string Model)> _acting = [];
    private readonly Dictionary<string, ModelEvents> _events = [];
    private SiloReport[] _silos = [];
    private Dictionary<string, string> _obstacles = [];
    private TaskCompletionSource _looked = NewSignal();
    private TaskCompletionSource _published = NewSignal();
    private bool _looking;

    /// <inheritdoc/>
    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        await base.OnActivateAsync(cancellationToken);
        this.RegisterGrainTimer(LookAsync, new GrainTimerCreationOptions(TimeSpan.Zero, options.Value.ReconcilePeriod) { Interleave = true, KeepAlive = true });
    }

    /// <inheritdoc/>
    public Task WakeAsync() => Task.CompletedTask;

    /// <inheritdoc/>
    public async Task<DeploymentReport[]> ListAsync()
    {
        await LookAsync(CancellationToken.None);
        return [.. Names().Select(Report)];
    }

    /// <inheritdoc/>
    public async Task<DeploymentReport> SetAsync(DeploymentSpec spec)
    {
        if (spec.Replicas is < 0 or > MostReplicas)
        {
            throw new RequestException(RequestErrors.InvalidValue, $"replicas must be 0 to {MostReplicas}, it is {spec.Replicas}", "replicas");
        }

        var name = spec.Model.Name;
        await LookAsync(CancellationToken.None);
        if (spec.Model.Path is null && spec.Replicas > 0 && !Known(name) && !Array.Exists(_silos, silo => Array.Exists(silo.Replicas, replica => replica.Model == name)) && Spec(name)?.Model.Path is null)
        {
            throw new RequestException(RequestErrors.ModelNotFound, $"no silo knows a model '{name}': give its path, or name it with --model where silos start", "model");
        }

        var place = spec.Model.Path is null && Spec(name) is { } known ? known.Model : spec.Model;
        await StoreAsync([.. state.State.Specs.Where(other => other.Model.Name != name), spec with { Model = place }]);
        _asleep.Remove(name);
        Forgive(name);
        _obstacles.Remove(name);
        _events[name] = new ModelEvents(clock.GetTimestamp());
        if (spec.Replicas > 0)
        {
            _demanded[name] = clock.GetTimestamp();
        }

        await LookAsync(CancellationToken.None);
        return Report(name);
    }

    /// <inheritdoc/>
    public async Task<bool> RemoveAsync(string model)
    {
        var left = Array.FindAll(state.State.Specs, spec => spec.Model.Name != model);
        var removed = left.Length < state.State.Specs.Length;
        if (removed)
        {
            await StoreAsync(left);
        }

        return _asleep.Remove(model) || removed;
    }

    /// <inheritdoc/>
    public async Task<bool> DemandAsync(string model)
    {
        var since = clock.GetTimestamp();
        await LookAsync(CancellationToken.None);
        if (!MayLoad(model))
        {
            return false;
        }

        _asleep.Remove(model);
        Forgive(model);                             // a request is worth a new try
        _demanded[model] = since;
        while (true)
        {
            var looked = _looked.Task;
            await LookAsync(CancellationToken.None);
            if (Serving(model))
            {
                return true;
            }

            if (Failure(model, since) is { } failed)
            {
                throw new RequestException(RequestErrors.Unavailable, $"the model '{model}' could not be loaded: {failed}", "model");
            }

            var left = options.Value.DemandTimeout - clock.GetElapsedTime(since);
            if (left <= TimeSpan.Zero)
            {
                throw new RequestException(RequestErrors.Unavailable, $"the model '{model}' is not loaded after {options.Value.DemandTimeout}{(_obstacles.TryGetValue(model, out var obstacle) ? $": {obstacle}" : "; it goes on loading")}", "model");
            }

            await Task.WhenAny(looked, Task.Delay(left, clock));
        }
    }

    /// <inheritdoc/>
    public async Task<string[]> ListLoadableAsync()
    {
        if (_silos.Length == 0)
        {
            await LookAsync(CancellationToken.None);        // this activation has not looked yet; else the last look is a period old at most
        }

        return [.. Names().Where(model => MayLoad(model) && !Serving(model))];
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<ModelLoadEvent> WatchAsync(string model, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        if (!_events.TryGetValue(model, out var events))
        {
            _events[model] = events = new ModelEvents(clock.GetTimestamp());
        }

        var told = 0;
        while (true)
        {
            var (looked, published) = (_looked.Task, _published.Task);
            var ends = IsAsWanted(model) || IsHopeless(model, events.Since);
            var fresh = events.From(told);
            told = events.Next;
            foreach (var next in fresh)
            {
                yield return next;                  // others may run meanwhile, and tell more
            }

            if (told < events.Next)
            {
                continue;
            }

            if (ends)
            {
                yield break;
            }

            await Task.WhenAny(looked, published).WaitAsync(cancellationToken);
        }
    }

    private async Task LookAsync(CancellationToken cancellationToken)
    {
        if (_looking)
        {
            await _looked.Task.WaitAsync(cancellationToken);
            return;
        }

        _looking = true;
        try
        {
            _silos = [.. (await administration.ListSilosAsync()).Where(silo => silo.State != SiloState.Unreachable && silo.Role != SiloRole.Gateway)];
            Act();
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            LogLookFailed(exception);
        }
        finally
        {
            _looking = false;
            var looked = _looked;
            _looked = NewSignal();
            looked.TrySetResult();
        }
    }

    /// <summary>Plans by what the look saw, and starts what is planned. Does not wait for it.</summary>
    private void Act()
    {
        var rules = new ResidenceRules(options.Value.IdleUnload, options.Value.MinResidence);
        var plan = ReplicaPlanner.Plan([.. Names().Select(Wanted)], [.. _silos.Select(silo => new ModelSilo(silo, FailedOn(silo)))], rules);
        _obstacles = new(plan.Obstacles);
        foreach (var model in _demanded.Keys.Where(Serving).ToArray())
        {
            _demanded.Remove(model);
        }

        foreach (var model in plan.FallAsleep)
        {
            _asleep.Add(model);
        }

        foreach (var action in plan.Actions)
        {
            if (_acting.Add((action.Silo, action.Model.Name)))
            {
                _ = ActAsync(action);
            }
        }
    }

    private async Task ActAsync(ReplicaAction action)
    {
        var silo = Array.Find(_silos, silo => silo.Silo == action.Silo)!.Name;
        LogAction(action.Kind, action.Model.Name, silo, action.Reason);
        try
        {
            var grain = GrainFactory.GetGrain<ISiloGrain>(SiloGrainKey.Of(action.Silo));
            if (action.Kind == ReplicaActionKind.Unload)
            {
                // A look whose report was older than the last unload asks once more; what is gone already is told once.
                if (await grain.UnloadAsync(action.Model.Name))
                {
                    Publish(new ModelLoadEvent { Model = action.Model.Name, Silo = silo, Stage = ModelLoadStage.Unloaded, Message = action.Reason });
                }

                return;
            }

            await foreach (var next in grain.LoadAsync(action.Model))
            {
                if (next.Stage == ModelLoadStage.Failed)
                {
                    Fail(action, silo, next.Message ?? "it did not say why");
                }

                Publish(next);
            }
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            if (action.Kind == ReplicaActionKind.Unload)
            {
                LogNotUnloaded(exception, silo, action.Model.Name);
            }
            else if (ReplicaLoss.Is(exception))
            {
                LogFailed(silo, action.Model.Name, exception.Message);      // its silo went: the next look knows
            }
            else
            {
                Fail(action, silo, exception.Message);
            }
        }
        finally
        {
            _acting.Remove((action.Silo, action.Model.Name));
            _ = LookAsync(CancellationToken.None);
        }
    }

    private void Fail(ReplicaAction action, string silo, string message)
    {
        LogFailed(silo, action.Model.Name, message);
        _failures[(action.Silo, action.Model.Name)] = (clock.GetTimestamp(), message);
    }

    private void Publish(ModelLoadEvent next)
    {
        if (_events.TryGetValue(next.Model, out var events))
        {
            events.Add(next);
            var published = _published;
            _published = NewSignal();
            published.TrySetResult();
        }
    }

    private async Task StoreAsync(DeploymentSpec[] specs)
    {
        var before = state.State;
        try
        {
            state.State = new DeploymentState { Specs = [.. specs.OrderBy(spec => spec.Model.Name, StringComparer.Ordinal)] };
            await state.WriteStateAsync();
        }
        catch (Exception exception)
        {
            state.State = before;
            DeactivateOnIdle();                     // what is stored is not known until it is read again
            throw new RequestException(RequestErrors.Unavailable, $"what is wanted could not be stored: {exception.Message}");
        }
    }

    /// <summary>Names of all models that are wanted, in memory, known, or asked for.</summary>
    private IEnumerable<string> Names() => state.State.Specs.Select(spec => spec.Model.Name)
        .Concat(_silos.SelectMany(silo => silo.Replicas.Select(replica => replica.Model).Concat(silo.KnownModels.Select(known => known.Name))))
        .Concat(_demanded.Keys)
        .Distinct(StringComparer.Ordinal)
        .Order(StringComparer.Ordinal);

    private WantedModel Wanted(string model) =>
        new(Spec(model)?.Model ?? new ModelPlace(model), Spec(model)?.Replicas, _asleep.Contains(model), _demanded.ContainsKey(model));

    private DeploymentReport Report(string model) => new()
    {
        Model = model,
        Path = Spec(model)?.Model.Path,
        WantedReplicas = Spec(model)?.Replicas,
        Replicas = [.. from silo in _silos from replica in silo.Replicas where replica.Model == model select new DeployedReplica(silo.Name, silo.Silo, replica)],
        Asleep = _asleep.Contains(model),
        LastFailure = Failure(model, since: null) ?? _obstacles.GetValueOrDefault(model),
    };

    private DeploymentSpec? Spec(string model) => Array.Find(state.State.Specs, spec => spec.Model.Name == model);

    private bool Known(string model) => Array.Exists(_silos, silo => Array.Exists(silo.KnownModels, known => known.Name == model));

    /// <summary>Whether a request may have it loaded.</summary>
    private bool MayLoad(string model) => _asleep.Contains(model) || (Spec(model) is { } spec ? spec.Replicas > 0 : options.Value.LoadOnFirstUse && Known(model));

    /// <summary>Whether somebody serves it and will go on: a ready replica that acts is being unloaded.</summary>
    private bool Serving(string model) => Array.Exists(
        _silos,
        silo => silo.State == SiloState.Active && !_acting.Contains((silo.Silo, model)) && Array.Exists(silo.Replicas, replica => replica.Model == model && replica.State == LoadedState.Ready));

    private bool IsAsWanted(string model)
    {
        var (ready, other) = (0, 0);
        foreach (var replica in _silos.Where(silo => silo.State == SiloState.Active).SelectMany(silo => silo.Replicas).Where(replica => replica.Model == model))
        {
            (ready, other) = replica.State == LoadedState.Ready ? (ready + 1, other) : (ready, other + 1);
        }

        return other == 0 && (Spec(model) is not { } spec || ready == (_asleep.Contains(model) ? 0 : spec.Replicas)) && !_acting.Any(act => act.Model == model);
    }

    /// <summary>Whether nothing is under way, and nothing further can be: every try since then failed, or no silo can have one.</summary>
    private bool IsHopeless(string model, long since) =>
        !_acting.Any(act => act.Model == model) && (_obstacles.ContainsKey(model) || Failure(model, since) is not null);

    private string? Failure(string model, long? since)
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

    /// <summary>Models that failed on a silo within the backoff; forgets older failures, and those of silos that are gone.</summary>
    private HashSet<string> FailedOn(SiloReport silo)
    {
        foreach (var (key, (at, _)) in _failures.ToArray())
        {
            if (clock.GetElapsedTime(at) >= options.Value.FailureBackoff || !Array.Exists(_silos, known => known.Silo == key.Silo))
            {
                _failures.Remove(key);
            }
        }

        return [.. _failures.Keys.Where(key => key.Silo == silo.Silo).Select(key => key.Model)];
    }

    private void Forgive(string model)
    {
        foreach (var key in _failures.Keys.Where(key => key.Model == model).ToArray())
        {
            _failures.Remove(key);
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}

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

/// <summary>Looks at all silos again and again, and has models loaded and unloaded until each has the replicas that are wanted. What to do is decided by <see cref="Deployments"/>.</summary>
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

    private readonly Deployments _deployments = new(new ResidenceRules(options.Value.IdleUnload, options.Value.MinResidence), options.Value.FailureBackoff);
    private readonly Dictionary<string, ModelEvents> _events = [];
    private TaskCompletionSource _looked = NewSignal();
    private TaskCompletionSource _published = NewSignal();
    private bool _looking;

    /// <inheritdoc/>
    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        await base.OnActivateAsync(cancellationToken);
        _deployments.Specs = state.State.Specs;
        this.RegisterGrainTimer(LookAsync, new GrainTimerCreationOptions(TimeSpan.Zero, options.Value.ReconcilePeriod) { Interleave = true, KeepAlive = true });
    }

    /// <inheritdoc/>
    public Task WakeAsync() => Task.CompletedTask;

    /// <inheritdoc/>
    public async Task<DeploymentReport[]> ListAsync()
    {
        await LookAsync(CancellationToken.None);
        return [.. _deployments.Names().Select(_deployments.Report)];
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
        if (spec.Model.Path is null && spec.Replicas > 0 && !_deployments.IsKnown(name) && !_deployments.IsLoaded(name) && _deployments.Spec(name)?.Model.Path is null)
        {
            throw new RequestException(RequestErrors.ModelNotFound, $"no silo knows a model '{name}': give its path, or name it with --model where silos start", "model");
        }

        var place = spec.Model.Path is null && _deployments.Spec(name) is { } known ? known.Model : spec.Model;
        await StoreAsync([.. state.State.Specs.Where(other => other.Model.Name != name), spec with { Model = place }]);
        _deployments.Wake(name);
        _events[name] = new ModelEvents(Now);
        if (spec.Replicas > 0)
        {
            _deployments.Demand(name, Now);
        }

        await LookAsync(CancellationToken.None);
        return _deployments.Report(name);
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

        return _deployments.Wake(model) || removed;
    }

    /// <inheritdoc/>
    public async Task<bool> DemandAsync(string model)
    {
        var since = Now;
        await LookAsync(CancellationToken.None);
        if (!_deployments.MayLoad(model, options.Value.LoadOnFirstUse))
        {
            return false;
        }

        _deployments.Demand(model, since);          // a request is worth a new try
        while (true)
        {
            var looked = _looked.Task;
            await LookAsync(CancellationToken.None);
            if (_deployments.Serving(model))
            {
                return true;
            }

            if (_deployments.Failure(model, since) is { } failed)
            {
                throw new RequestException(RequestErrors.Unavailable, $"the model '{model}' could not be loaded: {failed}", "model");
            }

            var left = options.Value.DemandTimeout - (Now - since);
            if (left <= TimeSpan.Zero)
            {
                throw new RequestException(RequestErrors.Unavailable, $"the model '{model}' is not loaded after {options.Value.DemandTimeout}{(_deployments.Obstacle(model) is { } obstacle ? $": {obstacle}" : "; it goes on loading")}", "model");
            }

            await Task.WhenAny(looked, Task.Delay(left, clock));
        }
    }

    /// <inheritdoc/>
    public async Task<string[]> ListLoadableAsync()
    {
        if (!_deployments.Names().Any())
        {
            await LookAsync(CancellationToken.None);        // this activation may not have looked yet; else the last look is a period old at most
        }

        return [.. _deployments.Names().Where(model => _deployments.MayLoad(model, options.Value.LoadOnFirstUse) && !_deployments.Serving(model))];
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<ModelLoadEvent> WatchAsync(string model, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        if (!_events.TryGetValue(model, out var events))
        {
            _events[model] = events = new ModelEvents(Now);
        }

        var told = 0;
        while (true)
        {
            var (looked, published) = (_looked.Task, _published.Task);
            var ends = _deployments.IsAsWanted(model) || _deployments.IsHopeless(model, events.Since);
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
            _deployments.BeginLook();
            SiloReport[] silos = [.. (await administration.ListSilosAsync()).Where(silo => silo.Role != SiloRole.Gateway)];
            foreach (var action in _deployments.Look(silos, Now))
            {
                _ = ActAsync(action, silos.Single(silo => silo.Silo == action.Silo).Name);      // does not wait for it
            }
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

    private async Task ActAsync(ReplicaAction action, string silo)
    {
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
            _deployments.Ended(action);
            _ = LookAsync(CancellationToken.None);
        }
    }

    private void Fail(ReplicaAction action, string silo, string message)
    {
        LogFailed(silo, action.Model.Name, message);
        _deployments.Failed(action, message, Now);
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
            _deployments.Specs = state.State.Specs;
        }
        catch (Exception exception)
        {
            state.State = before;
            DeactivateOnIdle();                     // what is stored is not known until it is read again
            throw new RequestException(RequestErrors.Unavailable, $"what is wanted could not be stored: {exception.Message}");
        }
    }

    private TimeSpan Now => clock.GetElapsedTime(0);

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}

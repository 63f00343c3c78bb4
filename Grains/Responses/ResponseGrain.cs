using System.Runtime.CompilerServices;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans.Runtime;
using XLLM.Grains.Administration;
using XLLM.Grains.Interfaces;
using XLLM.Grains.Interfaces.Chat;
using XLLM.Grains.Interfaces.Client;
using XLLM.Grains.Interfaces.Generation;
using XLLM.Grains.Interfaces.Responses;
using XLLM.Grains.Placement;
using XLLM.Grains.Ports;
using XLLM.Grains.Storage;

namespace XLLM.Grains.Responses;

/// <summary>Owns one turn: runs it whether somebody reads or not, remembers what it told, and runs it again where its silo was lost.</summary>
/// <remarks>
/// The turn runs beside the calls on this activation's own scheduler, and every stream's step interleaves, so no invariant spans an await: the list of events only grows.
/// Stored twice: before the start is acknowledged, and after the end. What was told in between is not stored, because a second run of the same request and seed
/// tells the same events (decision D2); <see cref="TokenPieces"/> makes that hold for events as it does for tokens.
/// It is on a <see cref="SweepPage"/> before it is stored, whose grain has it deleted when its time is over.
/// </remarks>
[GrainType("xllm.response"), EngineSilos]
internal sealed partial class ResponseGrain(
    [PersistentState("response", StorageNames.Default)] IPersistentState<ResponseState> state, IInferenceClient inference, DurableWrites writes, TimeProvider clock,
    IServiceProvider services, ILogger<ResponseGrain> logger, MovableGrains movable) : Grain, IResponseGrain, IExpiringResponse, IMovableGrain, IRemindable, IDisposable
{
    /// <summary>Wakes a response that nobody reads after its silo was lost.</summary>
    private const string ResumeReminder = "resume";

    /// <summary>Orleans' own shortest period.</summary>
    private static readonly TimeSpan ReminderPeriod = TimeSpan.FromMinutes(1);

    /// <summary>How long a caller who does not wait is patient with a cluster that cannot answer.</summary>
    private static readonly RetrySchedule BackgroundPatience = new(TimeSpan.FromMinutes(10), TimeSpan.FromSeconds(5));

    /// <summary>Longest turn that one activation is kept for; Orleans looks again afterwards.</summary>
    private static readonly TimeSpan KeptWhileRunning = TimeSpan.FromHours(12);

    private readonly List<ChatEvent> _events = [];
    private CancellationTokenSource? _stop;
    private Task _run = Task.CompletedTask;
    private TaskCompletionSource _changed = NewSignal();
    private TurnEnd? _end;
    private bool _leaving;
    private int _readers;

    /// <inheritdoc/>
    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        movable.Add(this.GetGrainId());
        if (IsOver)
        {
            // Gone, though its row is still there.
        }
        else if (state.RecordExists && state.State.Status == ResponseStatus.InProgress)
        {
            LogRunsAgain(this.GetPrimaryKeyString());
            Run();
        }
        else if (state.RecordExists)
        {
            _events.AddRange(state.State.Events);
            _end = new TurnEnd(state.State.Status, state.State.ErrorCode, state.State.ErrorMessage);
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        movable.Remove(this.GetGrainId());

        // The row still says that it runs, so the next activation goes on.
        _leaving = true;
        if (_stop is not null)
        {
            await _stop.CancelAsync();
            await _run.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        }
    }

    /// <inheritdoc/>
    public Task<bool> MoveAsync()
    {
        var moves = _run.IsCompleted && _readers == 0;
        if (moves)
        {
            this.MigrateOnIdle();
        }

        return Task.FromResult(moves);
    }

    /// <inheritdoc/>
    public void Dispose() => _stop?.Dispose();

    /// <inheritdoc/>
    public async Task<ResponseSnapshot> StartAsync(ResponseStart start)
    {
        if (Exists)
        {
            return state.State.Start!.Fingerprint == start.Fingerprint
                ? Retry()
                : throw new RequestException(RequestErrors.IdempotencyConflict, $"{this.GetPrimaryKeyString()} was used for another request before");
        }

        RequestValidator.Check(start);
        var before = start.PreviousResponseId is { } previous ? await ConversationOfAsync(previous) : [];
        var (asked, created) = (state.State, clock.GetUtcNow());
        state.State = new ResponseState
        {
            Start = start with { Request = FixedSeed.Of(start.Request) with { SessionId = null } },
            Before = before,
            Status = ResponseStatus.InProgress,
            Created = created,
        };
        try
        {
            if (HasReminders)
            {
                await GrainFactory.GetGrain<IResponseSweepGrain>(SweepPage.Of(this.GetPrimaryKeyString(), created + start.KeepFor).ToString()).AddAsync(this.GetPrimaryKeyString());
            }

            await writes.WriteAsync(state, stored => stored.Start?.Fingerprint == start.Fingerprint);
            if (start.Background && HasReminders)
            {
                await this.RegisterOrUpdateReminder(ResumeReminder, ReminderPeriod, ReminderPeriod);
            }
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            // A storage's exceptions may not travel between silos.
            state.State = asked;
            DeactivateOnIdle();
            throw new RequestException(RequestErrors.Unavailable, $"response {this.GetPrimaryKeyString()} cannot be stored now: {exception.Message}");
        }

        _events.Clear();
        _end = null;
        Run();
        return Snapshot();
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<ChatEvent> ReadAsync(int after, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        RefuseIfMissing();
        _readers++;
        try
        {
            for (var next = Math.Max(0, after); ;)
            {
                if (next < _events.Count)
                {
                    yield return _events[next++];
                }
                else if (_end is { } end)
                {
                    if (end.Status == ResponseStatus.Failed && _events.Count == 0)
                    {
                        throw new RequestException(end.ErrorCode!, end.ErrorMessage!);
                    }

                    yield break;
                }
                else
                {
                    await _changed.Task.WaitAsync(cancellationToken);
                }
            }
        }
        finally
        {
            _readers--;
        }
    }

    /// <inheritdoc/>
    public Task<ResponseSnapshot?> GetAsync()
    {
        if (Exists)
        {
            return Task.FromResult<ResponseSnapshot?>(Snapshot());
        }

        ForgetActivation();
        return Task.FromResult<ResponseSnapshot?>(null);
    }

    /// <inheritdoc/>
    public async Task<ResponseSnapshot?> CancelAsync()
    {
        if (_stop is not null && _end is null)
        {
            await _stop.CancelAsync();
            await _run;
        }

        return await GetAsync();
    }

    /// <inheritdoc/>
    public async Task<bool> DeleteAsync()
    {
        var existed = Exists;
        await CancelAsync();
        if (state.RecordExists)
        {
            await ClearAsync();
        }

        ForgetActivation();
        return existed;
    }

    /// <inheritdoc/>
    public async Task<bool> SweepAsync()
    {
        if (Exists)
        {
            return false;
        }

        try
        {
            if (state.RecordExists)
            {
                await ClearAsync();
            }

            return true;
        }
        finally
        {
            ForgetActivation();
        }
    }

    /// <summary>The reminder woke this activation, and activating it has started the turn where it was not over.</summary>
    public async Task ReceiveReminder(string reminderName, TickStatus status)
    {
        if (_run.IsCompleted)
        {
            await ForgetReminderAsync();
        }
    }

    private bool HasReminders => services.GetService<IReminderTable>() is not null;

    private async Task ForgetReminderAsync()
    {
        if (HasReminders && await this.GetReminder(ResumeReminder) is { } reminder)
        {
            await this.UnregisterReminder(reminder);
        }
    }

    /// <summary>A row that is kept for longer than asked counts as gone. A turn that runs is not over, however long it takes.</summary>
    private bool Exists => state.RecordExists && state.State.Start is not null && !(IsOver && _run.IsCompleted);

    /// <summary>Whether it was kept for as long as was asked: from its end, or, where it never ended, from its begin.</summary>
    private bool IsOver => state.State is { Start: { } start } stored && clock.GetUtcNow() - (stored.Ended ?? stored.Created) > start.KeepFor;

    /// <summary>The same request again: the turn that runs or has ended is its answer. One that nobody could answer then may be answered now.</summary>
    private ResponseSnapshot Retry()
    {
        if (_end is { Status: ResponseStatus.Failed, MayPass: true } && !state.State.Start!.Background)
        {
            _end = null;
            Run();
        }

        return Snapshot();
    }

    private void Run()
    {
        _stop?.Dispose();
        _stop = new CancellationTokenSource();
        DelayDeactivation(KeptWhileRunning);
        _run = RunAsync(_stop.Token);
    }

    private async Task RunAsync(CancellationToken stop)
    {
        var started = clock.GetTimestamp();
        for (var failures = 1; ; failures++)
        {
            var end = await RunOnceAsync(stop);
            if (_leaving)
            {
                Wake();
                return;
            }

            // A reader who waits is told at once; one who comes later would rather have an answer.
            if (state.State.Start!.Background && end.MayPass && BackgroundPatience.PauseAfter(failures, clock.GetElapsedTime(started)) is { } pause)
            {
                LogWaits(this.GetPrimaryKeyString(), pause);
                await Task.Delay(pause, clock, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
                continue;
            }

            await FinishAsync(end);
            return;
        }
    }

    private async Task<TurnEnd> RunOnceAsync(CancellationToken stop)
    {
        try
        {
            var place = 0;
            await foreach (var next in inference.ChatAsync(Turn(), stop).WithCancellation(stop))
            {
                if (next is ChatEnded ended && TurnEnd.Of(ended) is { Status: not ResponseStatus.Ended } failed)
                {
                    return failed;
                }

                // A second run tells the first events again.
                if (place++ == _events.Count)
                {
                    _events.Add(next);
                    Wake();
                }
            }

            return _events is [.., ChatEnded last] ? TurnEnd.Of(last) : TurnEnd.Cancelled;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return TurnEnd.Cancelled;
        }
        catch (Exception exception)
        {
            return TurnEnd.Of(exception);
        }
    }

    private ChatRequest Turn()
    {
        var (start, before) = (state.State.Start!, state.State.Before);
        ChatMessage[] instructions = start.Instructions is { } text ? [ChatMessage.FromText("system", text)] : [];
        return start.Request with { Messages = [.. instructions, .. before, .. start.Request.Messages] };
    }

    private async Task FinishAsync(TurnEnd end)
    {
        _end = end;
        Wake();
        try
        {
            var waits = !state.State.Start!.Background;
            if (waits && end.MayPass)
            {
                // Its caller is told. Nothing is stored: the row still says that it runs, and whoever asks again lets it run again. A silo that was
                // cut off from its cluster ends here too, and must not write over what another one goes on with.
            }
            else if (waits && end.Status == ResponseStatus.Failed && _events.Count == 0)
            {
                await ClearAsync();
            }
            else
            {
                var ended = clock.GetUtcNow();
                state.State = state.State with { Status = end.Status, Events = [.. _events], Ended = ended, ErrorCode = end.ErrorCode, ErrorMessage = end.ErrorMessage };
                await writes.WriteAsync(state, stored => stored.Ended == ended);
                if (!waits)
                {
                    await ForgetReminderAsync();
                }
            }
        }
        catch (Exception exception)
        {
            LogNotStored(exception, this.GetPrimaryKeyString());
        }

        DelayDeactivation(TimeSpan.Zero);
    }

    private async Task ClearAsync()
    {
        try
        {
            await state.ClearStateAsync();
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            throw new RequestException(RequestErrors.Unavailable, $"response {this.GetPrimaryKeyString()} cannot be changed in storage now: {exception.Message}");
        }
    }

    private async Task<ChatMessage[]> ConversationOfAsync(string responseId)
    {
        var previous = await GrainFactory.GetGrain<IResponseGrain>(responseId).GetAsync()
            ?? throw new RequestException(RequestErrors.ResponseNotFound, $"previous response '{responseId}' does not exist", "previous_response_id");
        return previous.Status == ResponseStatus.InProgress
            ? throw new RequestException(RequestErrors.InvalidValue, $"previous response '{responseId}' has not ended yet", "previous_response_id")
            : previous.Conversation;
    }

    private ResponseSnapshot Snapshot()
    {
        // Whoever has read the last event finds it ended, though the turn's own steps behind it may still be to come.
        var (stored, end) = (state.State, _end ?? (_events is [.., ChatEnded last] ? TurnEnd.Of(last) : null));
        return new ResponseSnapshot
        {
            ResponseId = this.GetPrimaryKeyString(),
            Start = stored.Start!,
            Status = end?.Status ?? ResponseStatus.InProgress,
            Events = [.. _events],
            Created = stored.Created,
            Ended = stored.Ended,
            ErrorCode = end?.ErrorCode,
            ErrorMessage = end?.ErrorMessage,
            Conversation = end is null ? [] : Conversation(),
        };
    }

    private ChatMessage[] Conversation()
    {
        var answer = new AnswerBuilder();
        _events.ForEach(answer.Add);
        return [.. state.State.Before, .. state.State.Start!.Request.Messages, answer.Build()];
    }

    private void RefuseIfMissing()
    {
        if (!Exists && (_end is null || IsOver))
        {
            ForgetActivation();
            throw new RequestException(RequestErrors.ResponseNotFound, $"response '{this.GetPrimaryKeyString()}' does not exist");
        }
    }

    /// <summary>Ids that name nothing must not keep activations.</summary>
    private void ForgetActivation()
    {
        if (_run.IsCompleted)
        {
            DeactivateOnIdle();
        }
    }

    private void Wake()
    {
        _changed.TrySetResult();
        _changed = NewSignal();
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}

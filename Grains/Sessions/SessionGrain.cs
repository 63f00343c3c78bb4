using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Orleans.Runtime;
using Orleans.Runtime.Placement;
using Orleans.Storage;
using XLLM.Grains.Administration;
using XLLM.Grains.Diagnostics;
using XLLM.Grains.Interfaces;
using XLLM.Grains.Interfaces.Chat;
using XLLM.Grains.Interfaces.Client;
using XLLM.Grains.Interfaces.Generation;
using XLLM.Grains.Interfaces.Sessions;
using XLLM.Grains.Placement;
using XLLM.Grains.Ports;
using XLLM.Grains.Responses;
using XLLM.Grains.Storage;

namespace XLLM.Grains.Sessions;

/// <summary>Keeps a conversation and is its single writer. The turn itself is an ordinary, stateless one.</summary>
/// <remarks>
/// A turn's stream interleaves with every other call, so a flag keeps a second turn out; reads see the conversation before the turn.
/// Survives everything: what <see cref="ChatEnded"/> has told is stored. A turn that did not end is not stored, and its caller asks again, with the same request id:
/// the turn is then told again from its first event, the same events (decision D2), and stored once.
/// </remarks>
[GrainType("xllm.session"), EngineSilos, PrefixAffinity]
internal sealed partial class SessionGrain(
    [PersistentState("session", StorageNames.Default)] IPersistentState<SessionState> state, IInferenceClient inference, DurableWrites writes, TimeProvider clock,
    GrainInstruments instruments, ILogger<SessionGrain> logger, MovableGrains movable) : Grain, ISessionGrain, IMovableGrain
{
    private bool _turnRuns;
    private string? _requestId;                     // of the turn that runs
    private CancellationTokenSource? _abort;        // of the turn that runs
    private TaskCompletionSource _turnEnded = NewSignal();
    private bool _stale;                            // a write failed: what is stored is not known until it is read again

    /// <inheritdoc/>
    public async IAsyncEnumerable<ChatEvent> ChatAsync(ChatRequest request, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await AbortLostTurnAsync(request.RequestId, cancellationToken);
        RefuseIfBusy();
        _turnRuns = true;
        _requestId = request.RequestId;
        using var abort = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _abort = abort;
        var outcome = SessionOutcome.Aborted;
        try
        {
            await ReadIfStaleAsync();
            var began = clock.GetUtcNow();
            var answer = new AnswerBuilder();
            var isStored = state.RecordExists && state.State.LastRequestId == request.RequestId;
            var before = isStored ? state.State.Messages[..state.State.MessagesBeforeLastTurn] : state.State.Messages;
            var turn = request with { SessionId = null, Messages = [.. before, .. request.Messages], LastTurn = state.State.LastTurn };
            await foreach (var next in inference.ChatAsync(turn, abort.Token).WithCancellation(abort.Token))
            {
                answer.Add(next);
                if (next is not ChatEnded ended)
                {
                    yield return next;
                    continue;
                }

                (outcome, ended) = ended.Reason is not (EndReason.Stop or EndReason.Length)
                    ? (SessionOutcome.Failed, ended)
                    : isStored ? (SessionOutcome.Stored, ended) : await StoreAsync(ended, Conversation(turn, answer), request, began);
                yield return ended;
            }
        }
        finally
        {
            _turnRuns = false;
            _abort = null;
            _turnEnded.TrySetResult();
            _turnEnded = NewSignal();
            instruments.TurnEnded(outcome);
            FollowCache();
        }
    }

    /// <inheritdoc/>
    public async Task<SessionSnapshot?> GetAsync()
    {
        await ReadIfStaleAsync();
        if (!state.RecordExists)
        {
            ForgetActivation();
            return null;
        }

        return new SessionSnapshot
        {
            SessionId = this.GetPrimaryKeyString(),
            Model = state.State.Model,
            Messages = state.State.Messages,
            Created = state.State.Created,
            Updated = state.State.Updated,
        };
    }

    /// <inheritdoc/>
    public async Task<bool> DeleteAsync()
    {
        RefuseIfBusy();
        _turnRuns = true;                           // no turn may begin while storage works
        try
        {
            await ReadIfStaleAsync();
            var existed = state.RecordExists;
            if (existed)
            {
                await state.ClearStateAsync();
            }

            return existed;
        }
        catch (InconsistentStateException exception)
        {
            _stale = true;
            throw new RequestException(RequestErrors.SessionBusy, $"session {this.GetPrimaryKeyString()} was changed elsewhere meanwhile: {exception.Message}", "session_id");
        }
        finally
        {
            _turnRuns = false;
            ForgetActivation();
        }
    }

    /// <inheritdoc/>
    public Task<bool> MoveAsync()
    {
        if (!_turnRuns)
        {
            this.MigrateOnIdle();                   // between turns a move cuts nothing off
        }

        return Task.FromResult(!_turnRuns);
    }

    /// <inheritdoc/>
    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        movable.Add(this.GetGrainId());
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        movable.Remove(this.GetGrainId());
        return Task.CompletedTask;
    }

    private static ChatMessage[] Conversation(ChatRequest turn, AnswerBuilder answer) => turn.ContinueFinalMessage
        ? [.. turn.Messages.SkipLast(1), answer.Continue(turn.Messages[^1])]
        : [.. turn.Messages, answer.Build()];

    /// <summary>Stores the conversation; on failure the conversation stays as it was, and the end of the turn says so.</summary>
    private async Task<(SessionOutcome Outcome, ChatEnded Ended)> StoreAsync(ChatEnded ended, ChatMessage[] messages, ChatRequest request, DateTimeOffset began)
    {
        var before = state.State;
        var started = clock.GetTimestamp();
        try
        {
            state.State = new SessionState
            {
                Model = request.Model,
                Messages = messages,
                Created = state.RecordExists ? before.Created : began,
                Updated = clock.GetUtcNow(),
                LastRequestId = request.RequestId,
                MessagesBeforeLastTurn = before.Messages.Length,
                LastTurn = ended.Holder,
            };
            await writes.WriteAsync(state, stored => stored.LastRequestId == request.RequestId);
            instruments.Stored(clock.GetElapsedTime(started));
            return (SessionOutcome.Stored, ended);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            // Orleans deactivates on a conflict only where a plain call throws it, not a stream.
            state.State = before;
            _stale = true;
            LogNotStored(exception, this.GetPrimaryKeyString(), request.RequestId);
            return (SessionOutcome.NotStored, ended with { Reason = EndReason.Failed, Message = $"the answer could not be stored, so the conversation is as it was: {exception.Message}" });
        }
    }

    /// <summary>A caller whose stream broke comes back before this activation has noticed that nobody reads the old one.</summary>
    private async Task AbortLostTurnAsync(string requestId, CancellationToken cancellationToken)
    {
        if (_turnRuns && _requestId == requestId && _abort is { } abort)
        {
            var ended = _turnEnded.Task;
            await abort.CancelAsync();
            await ended.WaitAsync(cancellationToken);
        }
    }

    private async Task ReadIfStaleAsync()
    {
        if (!_stale)
        {
            return;
        }

        try
        {
            await state.ReadStateAsync();
            _stale = false;
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            // A storage's exceptions may not travel between silos.
            throw new RequestException(RequestErrors.Unavailable, $"session {this.GetPrimaryKeyString()} cannot be read now: {exception.Message}");
        }
    }

    private void RefuseIfBusy()
    {
        if (_turnRuns)
        {
            throw new RequestException(RequestErrors.SessionBusy, $"another turn of session {this.GetPrimaryKeyString()} is running", "session_id");
        }
    }

    /// <summary>The last turn ran on another silo, so the conversation's KV blocks are there: moves after them, once nobody calls. What is stored moves along.</summary>
    private void FollowCache()
    {
        if (_turnRuns || _stale || state.State.LastTurn is not { } last || PrefixAffinityDirector.SiloOf(last.Replica) is not { } silo || silo.Equals(GrainContext.Address.SiloAddress))
        {
            return;
        }

        RequestContext.Set(IPlacementDirector.PlacementHintKey, silo);
        MigrateOnIdle();
        RequestContext.Remove(IPlacementDirector.PlacementHintKey);
        instruments.SessionMoved();
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Ids that name nothing must not keep activations. A running turn would be cut off by it.</summary>
    private void ForgetActivation()
    {
        if (!_turnRuns)
        {
            DeactivateOnIdle();
        }
    }
}

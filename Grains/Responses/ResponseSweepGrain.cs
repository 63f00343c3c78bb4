using Microsoft.Extensions.Logging;
using Orleans.Runtime;
using XLLM.Grains.Interfaces;
using XLLM.Grains.Placement;
using XLLM.Grains.Ports;
using XLLM.Grains.Storage;

namespace XLLM.Grains.Responses;

/// <summary>Has the responses of a page deleted when their time is over. Wakes by its reminder; what is left then (storage or a silo was away, a turn took long) is tried again every hour.</summary>
/// <remarks>
/// One call at a time. A response is on its page before it is stored, and leaves it after it was deleted, so nothing is stored that no page knows; an id whose response
/// was deleted by its owner, or never stored, is asked for in vain once. The reminder is there before the page, and goes after it.
/// </remarks>
[GrainType("xllm.response-sweep"), EngineSilos]
internal sealed partial class ResponseSweepGrain(
    [PersistentState("sweep", StorageNames.Default)] IPersistentState<ResponseSweepState> state, DurableWrites writes, TimeProvider clock, ILogger<ResponseSweepGrain> logger)
    : Grain, IResponseSweepGrain, IRemindable
{
    /// <summary>Name of the reminder.</summary>
    internal const string Reminder = "sweep";

    /// <summary>Responses that are asked at a time: each may be read from storage for it, which serves others too.</summary>
    private const int MostAtOnce = 16;

    private static readonly TimeSpan TryAgain = TimeSpan.FromHours(1);

    /// <summary>Orleans' timers know no longer wait than 49 days. A page that is due later wakes early, and again every <see cref="TryAgain"/>.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromDays(45);

    private SweepPage Page => SweepPage.Parse(this.GetPrimaryKeyString());

    /// <inheritdoc/>
    public async Task AddAsync(string responseId)
    {
        if (state.State.Responses.Contains(responseId, StringComparer.Ordinal))
        {
            return;
        }

        try
        {
            if (!state.RecordExists)
            {
                var wait = Page.Due - clock.GetUtcNow();
                await this.RegisterOrUpdateReminder(Reminder, wait < TimeSpan.Zero ? TimeSpan.Zero : wait < LongestWait ? wait : LongestWait, TryAgain);
            }

            state.State = new ResponseSweepState { Responses = [.. state.State.Responses, responseId] };
            await writes.WriteAsync(state, stored => stored.Responses.Contains(responseId, StringComparer.Ordinal));
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            // A storage's exceptions may not travel between silos. What is stored is read again before the next use.
            DeactivateOnIdle();
            throw new RequestException(RequestErrors.Unavailable, $"page {Page} of responses to delete cannot be stored now: {exception.Message}");
        }
    }

    /// <inheritdoc/>
    public async Task ReceiveReminder(string reminderName, TickStatus status)
    {
        if (clock.GetUtcNow() < Page.Due)
        {
            return;
        }

        var left = new List<string>();
        foreach (var some in state.State.Responses.Chunk(MostAtOnce))
        {
            var gone = await Task.WhenAll(some.Select(SweepAsync));
            left.AddRange(some.Where((_, i) => !gone[i]));
        }

        await StoreAsync([.. left]);
    }

    private async Task<bool> SweepAsync(string responseId)
    {
        try
        {
            return await GrainFactory.GetGrain<IExpiringResponse>(responseId).SweepAsync();
        }
        catch (Exception exception)
        {
            LogNotSwept(exception, responseId);
            return false;
        }
    }

    private async Task StoreAsync(string[] left)
    {
        var swept = state.State.Responses.Length - left.Length;
        try
        {
            if (left.Length == 0 && state.RecordExists)
            {
                await state.ClearStateAsync();
            }
            else if (swept > 0)
            {
                state.State = new ResponseSweepState { Responses = left };
                await state.WriteStateAsync();
            }

            if (left.Length == 0 && await this.GetReminder(Reminder) is { } reminder)
            {
                await this.UnregisterReminder(reminder);
            }

            LogSwept(Page, swept, left.Length);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            LogNotStored(exception, Page);          // the next hour finds them gone, and tries again
        }

        DeactivateOnIdle();
    }

    [LoggerMessage(2070, LogLevel.Information, "Page {Page} of responses whose time was over: {Swept} are deleted, {Left} are left")]
    private partial void LogSwept(SweepPage page, int swept, int left);

    [LoggerMessage(2071, LogLevel.Warning, "Response {ResponseId} could not be deleted; the next hour tries again")]
    private partial void LogNotSwept(Exception exception, string responseId);

    [LoggerMessage(2072, LogLevel.Warning, "Page {Page} of responses to delete could not be stored; the next hour tries again")]
    private partial void LogNotStored(Exception exception, SweepPage page);
}

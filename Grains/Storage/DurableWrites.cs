using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Runtime;
using Orleans.Storage;

namespace XLLM.Grains.Storage;

/// <summary>Writes grain state through a storage that may be away for a while. What was generated is not thrown away for a hiccup of the database.</summary>
internal sealed partial class DurableWrites(IOptions<StorageOptions> options, StorageHealth health, TimeProvider clock, ILogger<DurableWrites> logger)
{
    /// <summary>Writes; tries again until it is stored or the schedule ends.</summary>
    /// <param name="state">The state; its value is what is to be stored.</param>
    /// <param name="isStored">Whether a value read from storage is the one that was to be stored: a try that failed may have arrived.</param>
    /// <param name="cancellationToken">Ends the tries.</param>
    /// <exception cref="InconsistentStateException">Another activation has written: the caller must read again.</exception>
    /// <exception cref="Exception">The last try's failure.</exception>
    public async Task WriteAsync<T>(IPersistentState<T> state, Func<T, bool> isStored, CancellationToken cancellationToken = default)
    {
        var schedule = new RetrySchedule(options.Value.RetryFor, options.Value.LongestPause);
        var started = clock.GetTimestamp();
        var wanted = state.State;
        for (var failures = 0; ;)
        {
            try
            {
                await state.WriteStateAsync(cancellationToken);
                health.Succeeded();
                return;
            }
            catch (InconsistentStateException) when (failures > 0)
            {
                // A try whose answer was lost may have been the one that changed the row.
                await state.ReadStateAsync(cancellationToken);
                if (isStored(state.State))
                {
                    health.Succeeded();
                    return;
                }

                throw;
            }
            catch (Exception exception) when (exception is not (OperationCanceledException or InconsistentStateException))
            {
                failures++;
                health.Failed(exception.Message);
                if (schedule.PauseAfter(failures, clock.GetElapsedTime(started)) is not { } pause)
                {
                    throw;
                }

                LogFailed(exception, failures, pause);
                await Task.Delay(pause, clock, cancellationToken);
                state.State = wanted;
            }
        }
    }

    [LoggerMessage(2045, LogLevel.Warning, "Storage refused a write for the {Failures}. time; the next try is in {Pause}")]
    private partial void LogFailed(Exception exception, int failures, TimeSpan pause);
}

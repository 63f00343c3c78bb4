namespace XLLM.Grains.Interfaces.Client;

/// <summary>How long a caller waits for a grain whose silo was lost to be found elsewhere. Pure.</summary>
/// <remarks>
/// A stateful grain has one place, and until the cluster has noticed that its silo is dead every call is sent there: about 1 s with tuned probes, 10.6 s with Orleans' own (measured).
/// The pauses add up to 15 s.
/// </remarks>
internal static class LossPatience
{
    private const int MaxLosses = 12;
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(2);

    /// <summary>The pause before the call is made again; null: give up.</summary>
    /// <param name="losses">Losses in a row, at least 1.</param>
    public static TimeSpan? PauseAfter(int losses)
    {
        if (losses >= MaxLosses)
        {
            return null;
        }

        var pause = FirstPause * (1 << losses);
        return pause < LongestPause ? pause : LongestPause;
    }

    /// <summary>Calls a grain until its silo lives. Only for calls that may be repeated.</summary>
    /// <exception cref="RequestException">It was lost too often in a row.</exception>
    public static async Task<T> CallAsync<T>(Func<Task<T>> call, TimeProvider clock)
    {
        for (var losses = 1; ; losses++)
        {
            TimeSpan pause;
            try
            {
                return await call();
            }
            catch (Exception exception) when (ReplicaLoss.Is(exception))
            {
                pause = PauseAfter(losses) ?? throw new RequestException(RequestErrors.Unavailable, $"the cluster did not answer {losses} times: {exception.Message}");
            }

            await Task.Delay(pause, clock);
        }
    }
}

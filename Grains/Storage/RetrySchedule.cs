namespace XLLM.Grains.Storage;

/// <summary>When to try again. Pure.</summary>
/// <param name="retryFor">How long, from the first try.</param>
/// <param name="longestPause">Longest pause.</param>
internal readonly struct RetrySchedule(TimeSpan retryFor, TimeSpan longestPause)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(50);

    /// <summary>The pause before the next try, or null: no more tries.</summary>
    /// <param name="failures">Tries that failed, at least 1.</param>
    /// <param name="elapsed">Since the first try began.</param>
    public TimeSpan? PauseAfter(int failures, TimeSpan elapsed)
    {
        var doublings = Math.Min(failures - 1, 20);         // 50 ms * 2^20 is over half a day: longer than any allowed pause
        var pause = FirstPause * (1 << doublings);
        pause = pause < longestPause ? pause : longestPause;
        return elapsed + pause <= retryFor ? pause : null;
    }
}

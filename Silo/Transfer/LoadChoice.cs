namespace XLLM.Silo.Transfer;

/// <summary>Consecutive KV blocks of a prompt that can be loaded from one place.</summary>
/// <param name="Source">From where.</param>
/// <param name="Blocks">How many, all groups of layers of a block counting once.</param>
/// <param name="Bytes">Bytes of all of them.</param>
internal readonly record struct LoadSegment(KvSource Source, int Blocks, long Bytes);

/// <summary>How much to load.</summary>
/// <param name="Segments">Leading segments to load.</param>
internal readonly record struct LoadChoice(int Segments)
{
    /// <summary>Patience where nothing is known of the time that computing would take.</summary>
    private static readonly TimeSpan Unknown = TimeSpan.FromSeconds(5);

    /// <summary>Machines that are busy are slower than they were when measured: waiting less than this saves nothing.</summary>
    private static readonly TimeSpan LeastPatience = TimeSpan.FromMilliseconds(50);

    /// <summary>How long a sequence waits for its blocks at most; then it goes on with what has come. Waiting longer than computing takes saves nothing.</summary>
    /// <param name="recompute">Time to compute them; null: unknown.</param>
    public static TimeSpan PatienceFor(TimeSpan? recompute) => recompute is not { } known ? Unknown : known > LeastPatience ? known : LeastPatience;

    /// <summary>Chooses how many leading segments to load, computing the rest: the least sum of both times. Pure.</summary>
    /// <param name="segments">In prompt order.</param>
    /// <param name="firstToken">Position of the first token of the first segment.</param>
    /// <param name="blockTokens">Tokens of one KV block.</param>
    /// <param name="costs">Fitted so far; while nothing is known of computing, all is loaded, since that is what loads are for.</param>
    public static LoadChoice Choose(ReadOnlySpan<LoadSegment> segments, int firstToken, int blockTokens, KvCosts costs)
    {
        var end = firstToken;
        foreach (var segment in segments)
        {
            end += segment.Blocks * blockTokens;
        }

        if (costs.Recompute(firstToken, end) is not { } recomputeAll)
        {
            return new LoadChoice(segments.Length);
        }

        var (best, bestTime, loading, position) = (0, recomputeAll, TimeSpan.Zero, firstToken);
        for (var i = 0; i < segments.Length; i++)
        {
            loading += costs.Load(segments[i].Source, segments[i].Bytes);
            position += segments[i].Blocks * blockTokens;
            var time = loading + costs.Recompute(position, end)!.Value;
            if (time < bestTime)
            {
                (best, bestTime) = (i + 1, time);
            }
        }

        return new LoadChoice(best);
    }
}

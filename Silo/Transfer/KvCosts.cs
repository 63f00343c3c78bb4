namespace XLLM.Silo.Transfer;

/// <summary>Where KV blocks can be loaded from.</summary>
internal enum KvSource
{
    /// <summary>This silo's host memory.</summary>
    Host,

    /// <summary>Another silo.</summary>
    Peer,

    /// <summary>Grain storage.</summary>
    Storage,
}

/// <summary>What computing and loading cost, fitted to what was measured. Thread-safe; no clock.</summary>
/// <remarks>
/// A step takes a + b * rows + c * attended positions; a load takes a + b * bytes. Priors of the loads are deliberately rough figures of this kind of memory
/// (4 GB/s host, 500 MB/s loopback, 300 MB/s SQLite); a handful of loads replaces them. Computing has no prior: before the first steps nothing is known.
/// </remarks>
internal sealed class KvCosts
{
    /// <summary>Steps after which the fit of steps is believed.</summary>
    private const int EnoughSteps = 8;

    // In units near 1, so that one factor of doubt serves all: milliseconds, 100 rows, 100,000 positions, MB.
    private readonly Lock _gate = new();
    private readonly OnlineFit _steps = new([0, 0, 0], [1000, 1000, 1000], remember: 0.998);
    private readonly OnlineFit[] _loads = [new([0.05, 0.25], [1, 1]), new([2, 2], [20, 20]), new([2, 3], [20, 20])];
    private double _mostRows = 1;

    /// <summary>Rows of the largest step seen: what a prompt is cut into.</summary>
    public double MostRows
    {
        get
        {
            lock (_gate)
            {
                return _mostRows;
            }
        }
    }

    /// <summary>A step was computed.</summary>
    /// <param name="rows">Its rows.</param>
    /// <param name="attended">Positions attended to, summed over rows.</param>
    /// <param name="elapsed">Its time without copies.</param>
    public void NoteStep(int rows, long attended, TimeSpan elapsed)
    {
        lock (_gate)
        {
            _mostRows = Math.Max(_mostRows, rows);
            _steps.Add([1, rows / 100.0, attended / 100_000.0], elapsed.TotalMilliseconds);
        }
    }

    /// <summary>Blocks were loaded.</summary>
    public void NoteLoad(KvSource source, long bytes, TimeSpan elapsed)
    {
        lock (_gate)
        {
            _loads[(int)source].Add([1, bytes / 1e6], elapsed.TotalMilliseconds);
        }
    }

    /// <summary>Time to compute the tokens from one position to another of one sequence; null while too little was measured.</summary>
    public TimeSpan? Recompute(int from, int to)
    {
        if (to <= from)
        {
            return TimeSpan.Zero;
        }

        lock (_gate)
        {
            if (_steps.Count < EnoughSteps)
            {
                return null;
            }

            double rows = to - from;
            var attended = rows * (from + to + 1) / 2;
            return TimeSpan.FromMilliseconds(_steps.Predict([Math.Ceiling(rows / _mostRows), rows / 100, attended / 100_000]));
        }
    }

    /// <summary>Time to load bytes.</summary>
    public TimeSpan Load(KvSource source, long bytes)
    {
        lock (_gate)
        {
            return TimeSpan.FromMilliseconds(_loads[(int)source].Predict([1, bytes / 1e6]));
        }
    }
}

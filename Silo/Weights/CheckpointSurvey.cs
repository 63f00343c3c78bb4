namespace XLLM.Silo.Weights;

/// <summary>What a survey of a checkpoint's headers finds: every fault where loading would stop at the first, and what the matrices become in memory.</summary>
internal sealed class CheckpointSurvey
{
    private readonly SortedDictionary<string, (int Matrices, long Bytes)> _formats = new(StringComparer.Ordinal);

    /// <summary>The faults, in the order in which they were met.</summary>
    public List<string> Faults { get; } = [];

    /// <summary>By format of weights: how many matrices, and their bytes in memory.</summary>
    public IReadOnlyDictionary<string, (int Matrices, long Bytes)> Formats => _formats;

    /// <summary>Counts a matrix.</summary>
    public void Count(string format, long bytes)
    {
        var (matrices, sum) = _formats.GetValueOrDefault(format);
        _formats[format] = (matrices + 1, sum + bytes);
    }
}

namespace XLLM.Simulator.Reports;

/// <summary>Mean and percentiles of a set of values; all NaN for none.</summary>
internal sealed class Distribution
{
    private readonly double[] _sorted;

    /// <param name="values">The values, in any order.</param>
    public Distribution(IEnumerable<double> values)
    {
        _sorted = [.. values.Order()];
        Mean = _sorted.Length > 0 ? _sorted.Average() : double.NaN;
    }

    public double Mean { get; }

    /// <summary>The smallest value that at least a part of all does not exceed (nearest rank).</summary>
    /// <param name="part">Over 0, up to 1.</param>
    public double At(double part) => _sorted.Length > 0 ? _sorted[(int)Math.Ceiling(part * _sorted.Length) - 1] : double.NaN;
}

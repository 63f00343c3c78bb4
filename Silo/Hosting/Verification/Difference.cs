using System.Globalization;

namespace XLLM.Silo.Hosting.Verification;

/// <summary>The worst difference seen so far, and where it was. NaN counts as infinitely far.</summary>
internal sealed class Difference
{
    private double _total;
    private string _where = "nowhere";

    /// <summary>Largest absolute difference; 0 before the first comparison.</summary>
    public float Worst { get; private set; }

    /// <summary>Mean absolute difference of the numbers that can be compared; 0 before the first comparison.</summary>
    public double Mean => Compared == 0 ? 0 : _total / Compared;

    /// <summary>Numbers compared.</summary>
    public long Compared { get; private set; }

    /// <summary>Compares two runs of numbers.</summary>
    /// <param name="actual">Ours.</param>
    /// <param name="expected">The reference's; as many.</param>
    /// <param name="where">Names the run in the message.</param>
    public void Add(ReadOnlySpan<float> actual, ReadOnlySpan<float> expected, string where)
    {
        for (var i = 0; i < expected.Length; i++)
        {
            var difference = MathF.Abs(actual[i] - expected[i]);
            difference = float.IsNaN(difference) ? float.PositiveInfinity : difference;
            _total += float.IsFinite(difference) ? difference : 0;
            if (difference > Worst)
            {
                (Worst, _where) = (difference, string.Create(CultureInfo.InvariantCulture, $"{where} column {i}: {actual[i]}, expected {expected[i]}"));
            }
        }

        Compared += expected.Length;
    }

    /// <summary>Result against a tolerance.</summary>
    /// <param name="what">Name of the check.</param>
    /// <param name="tolerance">Largest difference that passes.</param>
    public CheckResult Within(string what, float tolerance) => Worst <= tolerance
        ? new(true, string.Create(CultureInfo.InvariantCulture, $"{what} {Worst:0.0e0} of {tolerance:0e0}"))
        : new(false, string.Create(CultureInfo.InvariantCulture, $"{what} {Worst:0.0e0} exceeds {tolerance:0e0} at {_where}; mean {Mean:0.0e0}"));
}

using System.Globalization;

namespace XLLM.Simulator;

/// <summary>"--name value" pairs. Every name must be known; faults are told with the value.</summary>
internal sealed class Arguments
{
    private readonly Dictionary<string, string> _values = new(StringComparer.Ordinal);

    /// <param name="words">The command line after the verb.</param>
    /// <param name="known">Names that may be given.</param>
    /// <exception cref="FormatException">An unknown name, or one without a value.</exception>
    public Arguments(string[] words, IReadOnlyCollection<string> known)
    {
        for (var i = 0; i < words.Length; i += 2)
        {
            if (!known.Contains(words[i]))
            {
                throw new FormatException($"{words[i]} is not known; there are {string.Join(", ", known)}");
            }

            _values[words[i]] = i + 1 < words.Length ? words[i + 1] : throw new FormatException($"{words[i]} needs a value");
        }
    }

    /// <summary>The value of a name, or the default.</summary>
    public string Text(string name, string missing) => _values.GetValueOrDefault(name, missing);

    /// <summary>The value of a name.</summary>
    public string Required(string name) => _values.TryGetValue(name, out var value) ? value : throw new FormatException($"{name} is missing");

    /// <summary>A whole number in a range, or the default.</summary>
    public int Number(string name, int missing, int least, int most) => (int)Real(name, missing, least, most, "0");

    /// <summary>A number in a range, or the default.</summary>
    public double Real(string name, double missing, double least, double most, string format = "R")
    {
        if (!_values.TryGetValue(name, out var text))
        {
            return missing;
        }

        return double.TryParse(text, CultureInfo.InvariantCulture, out var value) && value >= least && value <= most && (format == "R" || value == Math.Floor(value))
            ? value
            : throw new FormatException(string.Create(CultureInfo.InvariantCulture, $"{name} must be {least} to {most}, it is '{text}'"));
    }

    /// <summary>Numbers with commas between them, each in a range, or the default.</summary>
    public double[] Reals(string name, string missing, double least, double most) =>
        [.. Text(name, missing).Split(',').Select(text => double.TryParse(text, CultureInfo.InvariantCulture, out var value) && value >= least && value <= most
            ? value
            : throw new FormatException(string.Create(CultureInfo.InvariantCulture, $"{name} must have numbers of {least} to {most}, it has '{text}'")))];
}

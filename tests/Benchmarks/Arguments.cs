using System.Globalization;

namespace XLLM.Benchmarks;

/// <summary>"--name value" pairs.</summary>
internal sealed class Arguments(string[] values)
{
    /// <summary>The value of a name, or the default.</summary>
    public string Text(string name, string missing)
    {
        var index = Array.IndexOf(values, name);
        return index >= 0 && index + 1 < values.Length ? values[index + 1] : missing;
    }

    /// <summary>The value of a name as a whole number, or the default.</summary>
    public int Number(string name, int missing) => int.Parse(Text(name, missing.ToString(CultureInfo.InvariantCulture)), CultureInfo.InvariantCulture);
}

using System.Globalization;

namespace XLLM.Silo.Hosting;

/// <summary>Sizes as people write them: "512MiB", "2GiB", "1000000". Pure.</summary>
internal static class ByteSize
{
    /// <summary>What the help shows for such a value.</summary>
    public const string Placeholder = "BYTES";

    private static readonly (string Unit, long Bytes)[] Units = [("KiB", 1L << 10), ("MiB", 1L << 20), ("GiB", 1L << 30), ("TiB", 1L << 40), ("B", 1)];

    /// <summary>Reads a size; null where the text is none.</summary>
    public static long? TryParse(string text)
    {
        var (unit, factor) = Units.FirstOrDefault(one => text.EndsWith(one.Unit, StringComparison.OrdinalIgnoreCase), ("", 1));
        return decimal.TryParse(text.AsSpan(0, text.Length - unit.Length).Trim(), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
            && number * factor <= long.MaxValue
                ? (long)(number * factor)
                : null;
    }
}

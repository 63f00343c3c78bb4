namespace XLLM.Gateway.Admin.Wire;

/// <summary>Enums and durations as they stand on the wire.</summary>
internal static class AdminWords
{
    /// <summary>The name in lower case.</summary>
    public static string Lower<T>(T value)
        where T : struct, Enum => value.ToString().ToLowerInvariant();

    /// <summary>Seconds, to the millisecond.</summary>
    public static double Seconds(TimeSpan span) => Math.Round(span.TotalSeconds, 3);
}

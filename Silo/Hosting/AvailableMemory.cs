namespace XLLM.Silo.Hosting;

/// <summary>Memory that this process may still take: of the machine, or of the container where that has a lower limit.</summary>
internal static class AvailableMemory
{
    private const string Meminfo = "/proc/meminfo";
    private const string Available = "MemAvailable:";

    /// <summary>Bytes.</summary>
    public static long Bytes()
    {
        var limit = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;     // respects a container's limit
        return File.Exists(Meminfo) && FromMeminfo(File.ReadLines(Meminfo)) is { } free ? Math.Min(limit, free) : limit;
    }

    /// <summary>What the kernel estimates that programs can take without swapping; null where it does not say.</summary>
    internal static long? FromMeminfo(IEnumerable<string> lines) =>
        lines.FirstOrDefault(line => line.StartsWith(Available, StringComparison.Ordinal)) is { } line
        && line[Available.Length..].Trim().Split(' ') is [var kilobytes, "kB"]
        && long.TryParse(kilobytes, out var number)
            ? number << 10
            : null;
}

namespace XLLM.Grains.KvStore;

/// <summary>Layouts under which blocks of a model were stored, and when each was last opened. Pure: the day is an argument.</summary>
/// <remarks>Another checkpoint, KV type or build of the kernels is another layout; what an older one has stored would never be asked for again.</remarks>
internal static class KnownLayouts
{
    /// <summary>Days for which a layout that nobody opens is kept: a roll-back, or another configuration, finds its blocks for a week.</summary>
    public const int KeptDays = 7;

    /// <summary>Notes that a layout was opened.</summary>
    /// <param name="lastOpened">By layout: the day when it was last opened; changed.</param>
    /// <param name="layout">The layout.</param>
    /// <param name="today">Number of the day.</param>
    /// <returns>Layouts to delete; they stay in the table until that is done.</returns>
    public static string[] Open(Dictionary<string, int> lastOpened, string layout, int today)
    {
        lastOpened[layout] = today;
        return [.. lastOpened.Where(known => today - known.Value > KeptDays).Select(known => known.Key).Order(StringComparer.Ordinal)];
    }
}

using XLLM.NativeBackends.Ops;

namespace XLLM.NativeBackends;

/// <summary>The backends of this build, best first. A backend is one line here and a folder of its own.</summary>
public static class BackendRegistry
{
    private static readonly List<BackendEntry> Entries = [];

    /// <summary>Every backend that this build knows, with the reason why one cannot run here (null where it can).</summary>
    public static IReadOnlyList<BackendEntry> All => Entries;
}

/// <summary>A backend that may be opened.</summary>
/// <param name="Name">As users write it.</param>
/// <param name="Missing">Why it cannot run on this machine, or null.</param>
/// <param name="Open">Opens it.</param>
public sealed record BackendEntry(string Name, Func<string?> Missing, Func<BackendOptions, IBackend> Open);

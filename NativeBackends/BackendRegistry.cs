using XLLM.NativeBackends.Interop;
using XLLM.NativeBackends.Ops;
using XLLM.NativeBackends.Reference;

namespace XLLM.NativeBackends;

/// <summary>The backends of this build, best first. A backend is one line here and a folder of its own.</summary>
public static class BackendRegistry
{
    /// <summary>Opens the best backend that can run here.</summary>
    public const string Auto = "auto";

    private static readonly List<BackendEntry> Entries =
    [
        .. NativeBackend.Entries(),
        new(ReferenceBackend.BackendName, () => null, _ => new ReferenceBackend()),
    ];

    /// <summary>Every backend that this build knows, with the reason why one cannot run here (null where it can).</summary>
    public static IReadOnlyList<BackendEntry> All => Entries;

    /// <summary>Opens a backend.</summary>
    /// <param name="name">Name of an entry of <see cref="All"/>, or <see cref="Auto"/> for the first that can run here.</param>
    /// <param name="options">Given to the backend.</param>
    /// <exception cref="OpException">No such backend, or it cannot run here; the message says which there are, or why.</exception>
    public static IBackend Open(string name, BackendOptions options)
    {
        if (name == Auto)
        {
            return Entries.First(entry => entry.Missing() is null).Open(options);
        }

        var entry = Entries.Find(entry => entry.Name == name)
            ?? throw new OpException($"backend '{name}' is unknown; known: {Auto}, {string.Join(", ", Entries.Select(known => known.Name))}");
        return entry.Missing() is { } reason
            ? throw new OpException($"backend '{name}' cannot run here: {reason}")
            : entry.Open(options);
    }
}

/// <summary>A backend that may be opened.</summary>
/// <param name="Name">As users write it.</param>
/// <param name="Missing">Why it cannot run on this machine, or null.</param>
/// <param name="Open">Opens it.</param>
public sealed record BackendEntry(string Name, Func<string?> Missing, Func<BackendOptions, IBackend> Open);

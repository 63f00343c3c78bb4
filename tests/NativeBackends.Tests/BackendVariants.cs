using XLLM.NativeBackends.Ops;

namespace XLLM.NativeBackends.Tests;

/// <summary>Every way to run a backend on this machine: each backend that is present, and the CPU with each instruction set that it has.</summary>
public static class BackendVariants
{
    /// <summary>"reference", "cpu Avx512 2": backend, instruction set, threads.</summary>
    public static TheoryData<string> All => [.. Names];

    /// <summary>As <see cref="All"/>.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Find()];

    /// <summary>Opens a variant.</summary>
    /// <param name="name">Of <see cref="All"/>.</param>
    /// <param name="threads">Other than the variant's own, or null.</param>
    public static IBackend Open(string name, int? threads = null)
    {
        var parts = name.Split(' ');
        return parts.Length == 1
            ? BackendRegistry.Open(name, new BackendOptions { Threads = threads ?? 1 })
            : BackendRegistry.Open(parts[0], new BackendOptions { InstructionSet = Enum.Parse<InstructionSet>(parts[1]), Threads = threads ?? int.Parse(parts[2], null) });
    }

    private static IEnumerable<string> Find()
    {
        foreach (var entry in BackendRegistry.All.Where(entry => entry.Missing() is null))
        {
            if (entry.Name != "cpu")
            {
                yield return entry.Name;
                continue;
            }

            foreach (var instructions in Enum.GetValues<InstructionSet>().Where(each => each != InstructionSet.Auto && IsPresent(each)))
            {
                yield return $"cpu {instructions} 2";
            }
        }
    }

    private static bool IsPresent(InstructionSet instructions)
    {
        try
        {
            BackendRegistry.Open("cpu", new BackendOptions { InstructionSet = instructions }).Dispose();
            return true;
        }
        catch (OpException)
        {
            return false;
        }
    }
}

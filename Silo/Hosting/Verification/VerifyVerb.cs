using XLLM.NativeBackends;
using XLLM.NativeBackends.Decorators;
using XLLM.NativeBackends.Ops;
using XLLM.Silo.KvCache;

namespace XLLM.Silo.Hosting.Verification;

/// <summary>The verb <c>verify PATH... [--backend NAME] [--check-ops] [--kv-cache-type TYPE]</c>: compares this build with recorded answers of the reference implementation, on this machine's backends.</summary>
internal static class VerifyVerb
{
    private const string Usage = "usage: verify PATH... [--backend NAME] [--check-ops] [--kv-cache-type TYPE]   runs every case (a model folder with a golden.safetensors) under the paths; --check-ops compares each op with the reference too; --kv-cache-type keeps keys and values as bf16 or int8, to see what that costs";
    private const string BackendOption = "--backend";
    private const string CheckOpsOption = "--check-ops";
    private const string KvTypeOption = "--kv-cache-type";

    /// <summary>Runs the verb.</summary>
    /// <param name="args">What follows the verb.</param>
    /// <param name="output">A line per case and backend, then "N passed, N failed, N skipped".</param>
    /// <param name="error">What is wrong with the arguments.</param>
    /// <returns>0: no case failed; 1: one failed; 2: the arguments are wrong, or there is no case.</returns>
    public static int Run(string[] args, TextWriter output, TextWriter error)
    {
        var checkOps = args.Contains(CheckOpsOption);
        args = [.. args.Where(argument => argument != CheckOpsOption)];
        var kvType = KvType.F32;
        if (Array.IndexOf(args, KvTypeOption) is >= 0 and var place)
        {
            if (place + 1 == args.Length || !Enum.TryParse(args[place + 1], ignoreCase: true, out kvType) || !Enum.IsDefined(kvType))
            {
                error.WriteLine($"verify: {KvTypeOption} must be one of: {string.Join(", ", Enum.GetNames<KvType>()).ToLowerInvariant()}\n{Usage}");
                return 2;
            }

            args = [.. args[..place], .. args[(place + 2)..]];
        }

        if (!TryParse(args, out var paths, out var backendName, out var fault) || !TryChooseBackends(backendName, out var entries, out fault))
        {
            error.WriteLine(fault);
            return 2;
        }

        if (!TryFindCases(paths, out var folders, out fault))
        {
            error.WriteLine(fault);
            return 2;
        }

        foreach (var (entry, missing) in entries.Select(entry => (entry, missing: entry.Missing())).Where(pair => pair.missing is not null))
        {
            output.WriteLine($"backend {entry.Name} cannot run here: {missing}");
        }

        return RunCases(folders, [.. entries.Where(entry => entry.Missing() is null).Select(entry => checkOps ? Checking(entry) : entry)], kvType, output) == 0 ? 0 : 1;
    }

    private static BackendEntry Checking(BackendEntry entry) => entry with { Open = options => DecoratedBackend.Checking(entry.Open(options)) };

    private static int RunCases(IReadOnlyList<string> folders, IReadOnlyList<BackendEntry> entries, KvType kvType, TextWriter output)
    {
        var counts = new int[Enum.GetValues<CaseOutcome>().Length];
        foreach (var folder in folders)
        {
            foreach (var entry in entries)
            {
                var result = CaseVerifier.Run(folder, entry, new BackendOptions(), kvType);
                counts[(int)result.Outcome]++;
                var outcome = result.Outcome switch { CaseOutcome.Passed => "passed", CaseOutcome.Failed => "FAILED", _ => "skipped" };
                output.WriteLine($"{Path.GetFileName(folder),-24} {entry.Name,-10} {outcome}: {result.Details.ReplaceLineEndings(" | ")}");
            }
        }

        output.WriteLine($"{counts[(int)CaseOutcome.Passed]} passed, {counts[(int)CaseOutcome.Failed]} failed, {counts[(int)CaseOutcome.Skipped]} skipped");
        return counts[(int)CaseOutcome.Failed];
    }

    private static bool TryParse(string[] args, out IReadOnlyList<string> paths, out string? backend, out string? fault)
    {
        var found = new List<string>();
        (paths, backend, fault) = (found, null, null);
        for (var i = 0; i < args.Length; i++)
        {
            if (args[i] == BackendOption && i + 1 < args.Length)
            {
                backend = args[++i];
            }
            else if (args[i].StartsWith($"{BackendOption}=", StringComparison.Ordinal))
            {
                backend = args[i][(BackendOption.Length + 1)..];
            }
            else if (args[i].StartsWith('-'))
            {
                fault = args[i] == BackendOption ? $"verify: {BackendOption} needs a name\n{Usage}" : $"verify: unknown option \"{args[i]}\"\n{Usage}";
                return false;
            }
            else
            {
                found.Add(args[i]);
            }
        }

        fault = found.Count == 0 ? $"verify: no path given\n{Usage}" : null;
        return fault is null;
    }

    private static bool TryChooseBackends(string? name, out IReadOnlyList<BackendEntry> entries, out string? fault)
    {
        entries = [.. BackendRegistry.All.Where(entry => name is null || entry.Name == name)];
        fault = null;
        if (entries.Count == 0)
        {
            fault = $"verify: backend \"{name}\" is unknown; known: {string.Join(", ", BackendRegistry.All.Select(entry => entry.Name))}";
        }
        else if (entries.All(entry => entry.Missing() is not null))
        {
            fault = $"verify: no backend can run here: {string.Join("; ", entries.Select(entry => $"{entry.Name}: {entry.Missing()}"))}";
        }

        return fault is null;
    }

    private static bool TryFindCases(IReadOnlyList<string> paths, out IReadOnlyList<string> folders, out string? fault)
    {
        folders = [];
        if (paths.FirstOrDefault(path => !Directory.Exists(path)) is { } missing)
        {
            fault = $"verify: no such folder: {missing}";
            return false;
        }

        var options = new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = true };
        folders =
        [
            .. paths.SelectMany(path => Directory.EnumerateFiles(path, GoldenCase.FileName, options))
                .Select(file => Path.GetDirectoryName(Path.GetFullPath(file))!)
                .Distinct().Order(StringComparer.Ordinal),
        ];
        fault = folders.Count > 0 ? null : $"verify: no case (a folder with a {GoldenCase.FileName}) under: {string.Join(", ", paths)}";
        return fault is null;
    }
}

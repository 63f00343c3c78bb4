using XLLM.NativeBackends;
using XLLM.NativeBackends.Ops;
using XLLM.Silo.KvCache;
using XLLM.Silo.Weights;

namespace XLLM.Silo.Hosting.Verification;

/// <summary>How a case went on one backend.</summary>
internal enum CaseOutcome
{
    /// <summary>All checks passed.</summary>
    Passed,

    /// <summary>A check failed, or the case could not be run though it should.</summary>
    Failed,

    /// <summary>The case asks for something that this build does not have.</summary>
    Skipped,
}

/// <summary>How a case went on one backend, and what to say about it.</summary>
internal readonly record struct CaseResult(CaseOutcome Outcome, string Details);

/// <summary>Runs all checks that fit a case. What goes wrong becomes a result, never an exception.</summary>
internal static class CaseVerifier
{
    /// <summary>Every check, in the order in which their results are shown. A new one is a line here.</summary>
    private static readonly IGoldenCheck[] Checks =
    [
        new LogitsCheck(), new ActivationsCheck(), new HiddenStatesCheck(), new PicturesCheck(), new PixelsCheck(), new GreedyCheck(),
        new DraftCheck("mtp_hidden", "mtp_logits"), new DraftCheck("draft_hidden", "draft_logits"), new InvarianceCheck(),
    ];

    /// <summary>Runs a case.</summary>
    /// <param name="folder">A folder with a golden file.</param>
    /// <param name="entry">The backend; it can run here.</param>
    /// <param name="options">Given to the backend.</param>
    /// <param name="kvType">How keys and values are kept; the tolerances are for F32.</param>
    public static CaseResult Run(string folder, BackendEntry entry, BackendOptions options, KvType kvType = KvType.F32)
    {
        try
        {
            return RunChecks(folder, entry, options, kvType);
        }
        catch (UnsupportedModelException exception)
        {
            return new(CaseOutcome.Skipped, exception.Message);
        }
#pragma warning disable CA1031 // A case that breaks must not keep the others from running, whatever breaks it; the message goes to the user.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            return new(CaseOutcome.Failed, exception is CheckpointException or OpException or ArgumentException ? exception.Message : exception.ToString());
        }
    }

    private static CaseResult RunChecks(string folder, BackendEntry entry, BackendOptions options, KvType kvType)
    {
        var golden = GoldenCase.Open(folder);
        var recorded = golden.Recorded;
        var checks = Checks.Where(check => check.Needs.All(recorded.Contains)).ToArray();
        if (checks.Length == 0)
        {
            return new(CaseOutcome.Skipped, $"no check for what is recorded: {string.Join(", ", recorded)}");
        }

        using var backend = entry.Open(options);
        var models = CaseModels.Load(folder, recorded, backend);
        using var runner = new ModelRunner(backend, models.Target.Model, golden.Prompts.Count, LongestSequence(golden), kvType) { Adapters = models.Target.Adapters, Adapter = models.Adapter };
        using var drafts = models.Draft is { } draft ? new DraftRunner(backend, draft.Model, runner, golden.Prompts.Count, LongestSequence(golden)) : null;
        runner.Draft = drafts;
        var results = checks.Select(check => check.Run(golden, runner)).ToArray();

        var left = recorded.Where(what => !checks.Any(check => check.LooksAt(what))).ToArray();
        var note = left.Length == 0 ? string.Empty : $"; not checked: {string.Join(", ", left)}";
        var passed = results.All(result => result.Passed);
        return new(passed ? CaseOutcome.Passed : CaseOutcome.Failed, string.Join("; ", results.OrderBy(result => result.Passed).Select(result => result.Summary)) + note);
    }

    private static int LongestSequence(GoldenCase golden) =>
        golden.Prompts.Max(prompt => prompt.TokenIds.Length + (prompt.Has("greedy") ? prompt.Integers("greedy").Length : 0));
}

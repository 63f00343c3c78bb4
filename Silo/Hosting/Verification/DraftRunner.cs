using XLLM.NativeBackends.Ops;
using XLLM.Silo.Models;

namespace XLLM.Silo.Hosting.Verification;

/// <summary>What a draft model made of a prompt.</summary>
/// <param name="TargetStates">[tokens, ...]: the target's states that it takes.</param>
/// <param name="Hidden">[tokens - 1, hidden].</param>
/// <param name="Logits">[tokens - 1, draft vocabulary].</param>
internal sealed record DraftRun(List<float> TargetStates, List<float> Hidden, List<float> Logits);

/// <summary>Runs a target and its draft model as speculation does: in one step of the backend, the target's states go into the draft's rows.</summary>
internal sealed class DraftRunner : IDisposable
{
    private readonly IBackend _backend;
    private readonly IDraftModel _draft;
    private readonly ModelRunner _target;
    private readonly DraftAsModel _model;
    private readonly ModelRunner _runner;

    /// <param name="backend">Computes.</param>
    /// <param name="draft">Loaded on <paramref name="backend"/>.</param>
    /// <param name="target">Runs its target.</param>
    /// <param name="sequences">Most sequences at once.</param>
    /// <param name="tokens">Most tokens of a sequence.</param>
    public DraftRunner(IBackend backend, IDraftModel draft, ModelRunner target, int sequences, int tokens)
    {
        (_backend, _draft, _target) = (backend, draft, target);
        _model = new DraftAsModel(draft, target.VocabularySize);
        _runner = new ModelRunner(backend, _model, sequences, tokens) { ContinuesStep = true, FirstPosition = draft.FirstPosition };
    }

    /// <summary>Columns of the draft's logits.</summary>
    public int VocabularySize => _draft.VocabularySize;

    /// <summary>The draft model.</summary>
    public IDraftModel Draft => _draft;

    /// <inheritdoc/>
    public void Dispose() => _runner.Dispose();

    /// <summary>Runs prompts together, each in steps of at most <paramref name="chunk"/> tokens.</summary>
    /// <param name="prompts">The prompts.</param>
    /// <param name="chunk">Most tokens of a prompt in a step.</param>
    public DraftRun[] Run(IReadOnlyList<int[]> prompts, int chunk)
    {
        var runs = prompts.Select(_ => new DraftRun([], [], [])).ToArray();
        var targets = prompts.Select(_ => _target.Start()).ToArray();
        var drafts = prompts.Select(_ => _runner.Start()).ToArray();
        for (var start = 0; start < prompts.Max(prompt => prompt.Length); start += chunk)
        {
            Step(prompts, start, chunk, targets, drafts, runs);
        }

        Array.ForEach(targets, _target.Release);
        Array.ForEach(drafts, _runner.Release);
        return runs;
    }

    private void Step(IReadOnlyList<int[]> prompts, int start, int chunk, RunnerSequence[] targets, RunnerSequence[] drafts, DraftRun[] runs)
    {
        var present = Enumerable.Range(0, prompts.Count).Where(i => start < prompts[i].Length).ToArray();
        var capture = new StateCapture(_draft.TargetLayers);
        _target.Capture = capture;
        _target.Step([.. present.Select(i => new RunnerGrant(targets[i], prompts[i].AsMemory(start, Math.Min(chunk, prompts[i].Length - start))))]);
        _target.Capture = null;

        // Row j takes the token after its own, so a prompt's last row has to wait for one.
        var rows = new List<int>();
        var grants = new List<(int Prompt, RunnerGrant Grant)>();
        var row = 0;
        foreach (var i in present)
        {
            var count = Math.Min(chunk, prompts[i].Length - start);
            var guesses = Math.Min(count, prompts[i].Length - 1 - start);
            rows.AddRange(Enumerable.Range(row, guesses));
            if (guesses > 0)
            {
                grants.Add((i, new(drafts[i], prompts[i].AsMemory(start + 1, guesses))));
            }

            Append(runs[i].TargetStates, capture.States.RowSlice(row, count));
            row += count;
        }

        if (grants.Count == 0)
        {
            return;
        }

        var ops = _backend.Ops;
        _model.States = _draft.Enter(ops.Rows(capture.States, ops.Integers([.. rows])), ops);
        float[] hidden = [];
        var logits = _runner.Step([.. grants.Select(grant => grant.Grant)], (_, states) => hidden = states);
        Split(hidden, rows.Count, grants, (i, part) => runs[i].Hidden.AddRange(part));
        Split(logits, rows.Count, grants, (i, part) => runs[i].Logits.AddRange(part));
    }

    private static void Split(float[] values, int rows, List<(int Prompt, RunnerGrant Grant)> grants, Action<int, float[]> take)
    {
        var columns = values.Length / rows;
        var start = 0;
        foreach (var (prompt, grant) in grants)
        {
            take(prompt, values[start..(start + (grant.TokenIds.Length * columns))]);
            start += grant.TokenIds.Length * columns;
        }
    }

    private void Append(List<float> values, Tensor rows)
    {
        for (var row = 0; row < rows.Rows; row++)
        {
            values.AddRange(_backend.Ops.ReadRow(rows, row));
        }
    }
}

using XLLM.NativeBackends.Ops;

namespace XLLM.NativeBackends.Reference;

internal sealed unsafe partial class ReferenceOps
{
    private double[] _expertScores = [];
    private double[] _expertChoices = [];
    private double[] _groupScores = [];
    private int[] _chosenGroups = [];

    /// <inheritdoc/>
    public ExpertChoice ChooseExperts(Tensor logits, Tensor? bias, in ExpertRouting routing)
    {
        OpChecks.ChooseExperts(logits, bias, routing);
        var experts = logits.Columns;
        var ids = _workspace.Allocate(DType.I32, logits.Rows, routing.Chosen);
        var weights = _workspace.Allocate(DType.F32, logits.Rows, routing.Chosen);
        var scores = Scratch(ref _expertScores, experts).AsSpan(0, experts);
        var choices = Scratch(ref _expertChoices, experts).AsSpan(0, experts);
        for (var r = 0; r < logits.Rows; r++)
        {
            Score(Floats(logits, r), routing.Score, scores);
            for (var e = 0; e < experts; e++)
            {
                choices[e] = scores[e] + (bias is { } b ? Floats(b, 0)[e] : 0.0);
            }

            if (routing.ChosenGroups < routing.Groups)
            {
                ExcludeGroups(choices, routing);
            }

            Choose(scores, choices, routing, new Span<int>((int*)ids.Data + ((long)r * ids.RowStride), routing.Chosen), Floats(weights, r));
        }

        return new(ids, weights);
    }

    private static void Score(ReadOnlySpan<float> logits, ExpertScore score, Span<double> scores)
    {
        if (score == ExpertScore.Sigmoid)
        {
            for (var e = 0; e < logits.Length; e++)
            {
                scores[e] = 1 / (1 + Math.Exp(-(double)logits[e]));
            }

            return;
        }

        var most = double.NegativeInfinity;
        foreach (var logit in logits)
        {
            most = Math.Max(most, logit);
        }

        var sum = 0.0;
        for (var e = 0; e < logits.Length; e++)
        {
            scores[e] = Math.Exp(logits[e] - most);
            sum += scores[e];
        }

        for (var e = 0; e < logits.Length; e++)
        {
            scores[e] /= sum;
        }
    }

    /// <summary>Experts of groups that were not chosen get minus infinity.</summary>
    private void ExcludeGroups(Span<double> choices, in ExpertRouting routing)
    {
        var size = choices.Length / routing.Groups;
        var groups = Scratch(ref _groupScores, routing.Groups).AsSpan(0, routing.Groups);
        for (var g = 0; g < groups.Length; g++)
        {
            var (best, second) = (double.NegativeInfinity, double.NegativeInfinity);
            foreach (var choice in choices.Slice(g * size, size))
            {
                (best, second) = choice > best ? (choice, best) : (best, Math.Max(second, choice));
            }

            groups[g] = routing.GroupScore == ExpertGroupScore.Best || size == 1 ? best : best + second;
        }

        var chosen = Scratch(ref _chosenGroups, routing.ChosenGroups).AsSpan(0, routing.ChosenGroups);
        Best(groups, chosen);
        for (var g = 0; g < groups.Length; g++)
        {
            if (!chosen.Contains(g))
            {
                choices.Slice(g * size, size).Fill(double.NegativeInfinity);
            }
        }
    }

    private static void Choose(ReadOnlySpan<double> scores, ReadOnlySpan<double> choices, in ExpertRouting routing, Span<int> ids, Span<float> weights)
    {
        Best(choices, ids);
        var sum = 0.0;
        foreach (var id in ids)
        {
            sum += scores[id];
        }

        // Sigmoids of all chosen may be 0 in F32, never all exactly in double: no epsilon is needed.
        var factor = routing.Scale / (routing.Normalize ? sum : 1.0);
        for (var i = 0; i < ids.Length; i++)
        {
            weights[i] = (float)(scores[ids[i]] * factor);
        }
    }

    /// <summary>Indices of the greatest values, greatest first, the lower index first among equals.</summary>
    private static void Best(ReadOnlySpan<double> values, Span<int> indices)
    {
        for (var i = 0; i < indices.Length; i++)
        {
            var best = -1;
            for (var v = 0; v < values.Length; v++)
            {
                if (!indices[..i].Contains(v) && (best < 0 || values[v] > values[best]))
                {
                    best = v;
                }
            }

            indices[i] = best;
        }
    }
}

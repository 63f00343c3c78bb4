using XLLM.NativeBackends.Ops;

namespace XLLM.Silo.Tests.Models;

internal sealed partial class PlainDecoder
{
    /// <summary>How a row's experts are chosen.</summary>
    public ExpertRouting Routing { get; init; }

    /// <summary>The chosen experts, weighted, and the shared ones.</summary>
    private double[][] Experts(double[][] x, string at)
    {
        var logits = Linear(x, $"{at}.gate");
        var bias = Values($"{at}.gate.e_score_correction_bias");
        return [.. x.Select((row, r) =>
        {
            var sum = Has($"{at}.shared_experts.gate_proj") ? FeedForward([row], $"{at}.shared_experts")[0] : new double[row.Length];
            if (Has($"{at}.shared_expert.gate_proj"))
            {
                var gate = Sigmoid(Linear([row], $"{at}.shared_expert_gate")[0][0]);
                sum = [.. FeedForward([row], $"{at}.shared_expert")[0].Select(value => gate * value)];
            }

            foreach (var (expert, weight) in Choose(logits[r], bias))
            {
                sum = [.. sum.Zip(Expert(row, at, expert), (a, b) => a + (weight * b))];
            }

            return sum;
        })];
    }

    /// <summary>One expert: matrices of its own, or its part of the layer's two tensors.</summary>
    private double[] Expert(double[] row, string at, int expert)
    {
        if (Values($"{at}.experts.gate_up_proj") is not { } gateUp)
        {
            return FeedForward([row], $"{at}.experts.{expert}")[0];
        }

        var columns = weights.Find($"{at}.experts.down_proj", [])!.Shape[2];
        double[][] Part(double[] stack, int rows, int inputs) => [.. stack.Skip(expert * rows * inputs).Take(rows * inputs).Chunk(inputs)];
        var both = Times(row, Part(gateUp, 2 * columns, row.Length), null);
        double[] mixed = [.. both.Take(columns).Zip(both.Skip(columns), (gate, up) => gate / (1 + Math.Exp(-gate)) * up)];
        return Times(mixed, Part(Values($"{at}.experts.down_proj")!, row.Length, columns), null);
    }

    private IEnumerable<(int Expert, double Weight)> Choose(double[] logits, double[]? bias)
    {
        var powers = logits.Select(Math.Exp).ToArray();
        var scores = Routing.Score == ExpertScore.Softmax ? powers.Select(power => power / powers.Sum()).ToArray() : logits.Select(logit => 1 / (1 + Math.Exp(-logit))).ToArray();
        var choices = scores.Select((score, e) => score + (bias?[e] ?? 0)).ToArray();
        var size = choices.Length / Routing.Groups;
        var groups = Enumerable.Range(0, Routing.Groups)
            .OrderByDescending(g => choices.Skip(g * size).Take(size).OrderDescending().Take(Routing.GroupScore == ExpertGroupScore.Best ? 1 : 2).Sum())
            .Take(Routing.ChosenGroups).ToHashSet();
        var chosen = Enumerable.Range(0, choices.Length).Where(e => groups.Contains(e / size)).OrderByDescending(e => choices[e]).Take(Routing.Chosen).ToArray();
        var total = Routing.Normalize ? chosen.Sum(e => scores[e]) : 1;
        return chosen.Select(e => (e, scores[e] / total * Routing.Scale));
    }
}

namespace XLLM.Silo.Tests.Models;

internal sealed partial class PlainDecoder
{
    /// <summary>Whether norms are stored less one, but for those of a delta net's heads.</summary>
    public bool ZeroCentered { get; init; }

    /// <summary>Whether the output of attention has a gate, in the same projection as the queries.</summary>
    public bool Gated { get; init; }

    /// <summary>Of a delta net.</summary>
    public (int KeyHeads, int ValueHeads, int KeyColumns, int ValueColumns) DeltaShape { get; init; }

    /// <summary>Gated delta net: the state of every head is written out, token after token.</summary>
    private double[][] DeltaNet(double[][] x, string at)
    {
        var (keyHeads, heads, keys, values) = DeltaShape;
        var shared = heads / keyHeads;
        double[][] mixed, gates, strengths, steps;
        if (Has($"{at}.in_proj_qkvz"))
        {
            // Grouped by key head: query, key, its values, their gates.
            var all = Linear(x, $"{at}.in_proj_qkvz").Select(row => row.Chunk(2 * (keys + (shared * values))).ToArray()).ToArray();
            var scalars = Linear(x, $"{at}.in_proj_ba").Select(row => row.Chunk(2 * shared).ToArray()).ToArray();
            mixed = [.. all.Select(row => new[] { (0, keys), (keys, keys), (2 * keys, shared * values) }.SelectMany(part => row.SelectMany(group => group.Skip(part.Item1).Take(part.Item2))).ToArray())];
            gates = [.. all.Select(row => row.SelectMany(group => group.Skip((2 * keys) + (shared * values))).ToArray())];
            strengths = [.. scalars.Select(row => row.SelectMany(group => group.Take(shared)).ToArray())];
            steps = [.. scalars.Select(row => row.SelectMany(group => group.Skip(shared)).ToArray())];
        }
        else
        {
            (mixed, gates, strengths, steps) = (Linear(x, $"{at}.in_proj_qkv"), Linear(x, $"{at}.in_proj_z"), Linear(x, $"{at}.in_proj_b"), Linear(x, $"{at}.in_proj_a"));
        }

        mixed = Convolve(mixed, Values($"{at}.conv1d.weight")!);
        var (rates, biases) = (Values($"{at}.A_log")!, Values($"{at}.dt_bias")!);
        var result = x.Select(_ => new double[heads * values]).ToArray();
        for (var head = 0; head < heads; head++)
        {
            var state = new double[keys, values];
            for (var token = 0; token < x.Length; token++)
            {
                var start = head / shared * keys;
                var query = Unit(mixed[token][start..(start + keys)]).Select(value => value / Math.Sqrt(keys)).ToArray();
                var key = Unit(mixed[token][((keyHeads * keys) + start)..((keyHeads * keys) + start + keys)]);
                var decay = Math.Exp(-Math.Exp(rates[head]) * Math.Log(1 + Math.Exp(steps[token][head] + biases[head])));
                for (var column = 0; column < values; column++)
                {
                    var held = Enumerable.Range(0, keys).Sum(i => decay * state[i, column] * key[i]);
                    var delta = Sigmoid(strengths[token][head]) * (mixed[token][(2 * keyHeads * keys) + (head * values) + column] - held);
                    for (var i = 0; i < keys; i++)
                    {
                        state[i, column] = (decay * state[i, column]) + (key[i] * delta);
                    }

                    result[token][(head * values) + column] = Enumerable.Range(0, keys).Sum(i => state[i, column] * query[i]);
                }
            }
        }

        var normed = result.Select(row => Norm([.. row.Chunk(values)], $"{at}.norm").SelectMany(head => head).ToArray());
        return Linear([.. normed.Zip(gates, (row, gate) => row.Zip(gate, (value, g) => value * g * Sigmoid(g)).ToArray())], $"{at}.out_proj");
    }

    /// <summary>Every channel by itself over a row and those before it, then silu.</summary>
    private static double[][] Convolve(double[][] x, double[] kernels)
    {
        var width = kernels.Length / x[0].Length;
        return [.. x.Select((row, token) => row.Select((_, channel) =>
        {
            var sum = Enumerable.Range(0, width).Where(j => token - width + 1 + j >= 0).Sum(j => kernels[(channel * width) + j] * x[token - width + 1 + j][channel]);
            return sum * Sigmoid(sum);
        }).ToArray())];
    }

    private static double[] Unit(double[] x) => [.. x.Select(value => value / Math.Sqrt(Dot(x, x) + 1e-6))];

    private static double Sigmoid(double x) => 1 / (1 + Math.Exp(-x));
}

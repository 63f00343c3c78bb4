using XLLM.Silo.Weights;

namespace XLLM.Silo.Tests.Models;

/// <summary>A decoder in double precision, straight from the papers, with a loop per formula and no cache: what the wiring is compared with.</summary>
/// <remarks>Takes a bias, a norm, experts or latent attention wherever the checkpoint has them, so it needs to know nothing about families.</remarks>
internal sealed partial class PlainDecoder(SafetensorsSource weights, int layers, int headSize, double theta)
{
    private const double Epsilon = 1e-6;

    /// <summary>By pair of columns: what its frequency is multiplied with.</summary>
    public Func<int, double> FrequencyFactor { get; init; } = _ => 1;

    /// <summary>Factor on cosines and sines.</summary>
    public double AngleScale { get; init; } = 1;

    /// <summary>Columns of a head that turn; 0: all.</summary>
    public int RotatedColumns { get; init; }

    /// <summary>Whether neighbouring columns turn together, not halves.</summary>
    public bool Interleaved { get; init; }

    /// <summary>Logits of every position: [tokens][vocabulary].</summary>
    public double[][] Logits(int[] tokenIds)
    {
        var table = Matrix("model.embed_tokens")!;
        var hidden = tokenIds.Select(id => table[id]).ToArray();
        for (var layer = 0; layer < layers; layer++)
        {
            var at = $"model.layers.{layer}";
            var x = Norm(hidden, $"{at}.input_layernorm");
            var attended = Has($"{at}.self_attn.kv_b_proj") ? LatentAttention(x, $"{at}.self_attn")
                : Has($"{at}.linear_attn.out_proj") ? DeltaNet(x, $"{at}.linear_attn") : Attention(x, $"{at}.self_attn");
            hidden = Sum(hidden, NormWherePresent(attended, $"{at}.post_self_attn_layernorm"));
            x = Norm(hidden, $"{at}.post_attention_layernorm");
            var fed = Has($"{at}.mlp.gate") ? Experts(x, $"{at}.mlp") : FeedForward(x, $"{at}.mlp");
            hidden = Sum(hidden, NormWherePresent(fed, $"{at}.post_mlp_layernorm"));
        }

        var normed = Norm(hidden, "model.norm");
        return Matrix("lm_head") is null ? [.. normed.Select(row => Times(row, table, null))] : Linear(normed, "lm_head");
    }

    private double[][] FeedForward(double[][] x, string at)
    {
        var both = Has($"{at}.gate_up_proj") ? Linear(x, $"{at}.gate_up_proj") : [.. Linear(x, $"{at}.gate_proj").Zip(Linear(x, $"{at}.up_proj"), (g, u) => g.Concat(u).ToArray())];
        var gate = both.Select(row => row[..(row.Length / 2)]).ToArray();
        var up = both.Select(row => row[(row.Length / 2)..]).ToArray();
        return Linear([.. gate.Zip(up, (g, u) => g.Zip(u, (a, b) => a / (1 + Math.Exp(-a)) * b).ToArray())], $"{at}.down_proj");
    }

    private double[][] Attention(double[][] x, string at)
    {
        var queries = Linear(x, $"{at}.q_proj");
        var q = Heads(Gated ? Part(queries, 0) : queries, $"{at}.q_norm");
        var k = Heads(Linear(x, $"{at}.k_proj"), $"{at}.k_norm");
        var v = Linear(x, $"{at}.v_proj").Select(row => row.Chunk(headSize).ToArray()).ToArray();
        var shared = q[0].Length / k[0].Length;
        var result = new double[x.Length][];
        for (var position = 0; position < x.Length; position++)
        {
            result[position] = [.. Enumerable.Range(0, q[0].Length).SelectMany(head =>
            {
                var weights = Enumerable.Range(0, position + 1).Select(other => Math.Exp(Dot(q[position][head], k[other][head / shared]) / Math.Sqrt(headSize))).ToArray();
                var total = weights.Sum();
                return Enumerable.Range(0, headSize).Select(column => weights.Select((weight, other) => weight / total * v[other][head / shared][column]).Sum());
            })];
        }

        if (Gated)
        {
            result = [.. result.Zip(Part(queries, headSize), (row, gates) => row.Zip(gates, (value, gate) => value * Sigmoid(gate)).ToArray())];
        }

        return Linear(result, $"{at}.o_proj");

        double[][] Part(double[][] rows, int first) => [.. rows.Select(row => row.Chunk(2 * headSize).SelectMany(head => head[first..(first + headSize)]).ToArray())];
    }

    /// <summary>Cuts rows into heads, normalizes them where there is a norm, and rotates them: [position][head][column].</summary>
    private double[][][] Heads(double[][] rows, string norm)
    {
        var turning = RotatedColumns > 0 ? RotatedColumns : headSize;
        return [.. rows.Select((row, position) => row.Chunk(headSize).Select(head => Turn(NormWherePresent([head], norm)[0], position, turning, Interleaved)).ToArray())];
    }

    /// <summary>Rotates the first columns of a head.</summary>
    private double[] Turn(double[] x, int position, int turning, bool interleaved)
    {
        var turned = x.ToArray();
        for (var i = 0; i < turning / 2; i++)
        {
            var angle = position * Math.Pow(theta, -2.0 * i / turning) * FrequencyFactor(i);
            var (sine, cosine) = (Math.Sin(angle) * AngleScale, Math.Cos(angle) * AngleScale);
            var (a, b) = interleaved ? (2 * i, (2 * i) + 1) : (i, i + (turning / 2));
            turned[a] = (x[a] * cosine) - (x[b] * sine);
            turned[b] = (x[b] * cosine) + (x[a] * sine);
        }

        return turned;
    }

    private bool Has(string name) => weights.Names.Contains($"{name}.weight");

    private double[][] NormWherePresent(double[][] rows, string name) => Has(name) ? Norm(rows, name) : rows;

    private double[][] Norm(double[][] rows, string name)
    {
        var weight = Values($"{name}.weight")!;
        return [.. rows.Select(row => row.Select((value, i) => value * (weight[i] + (ZeroCentered && !name.EndsWith("linear_attn.norm", StringComparison.Ordinal) ? 1 : 0)) / Math.Sqrt(row.Average(each => each * each) + Epsilon)).ToArray())];
    }

    private double[][] Linear(double[][] rows, string name)
    {
        var (matrix, bias) = (Matrix(name)!, Values($"{name}.bias"));
        return [.. rows.Select(row => Times(row, matrix, bias))];
    }

    private static double[] Times(double[] row, double[][] matrix, double[]? bias) => [.. matrix.Select((weights, output) => Dot(row, weights) + (bias?[output] ?? 0))];

    private static double[][] Sum(double[][] a, double[][] b) => [.. a.Zip(b, (x, y) => x.Zip(y, (left, right) => left + right).ToArray())];

    private static double Dot(double[] a, double[] b) => a.Zip(b, (x, y) => x * y).Sum();

    private double[][]? Matrix(string name) =>
        weights.Find($"{name}.weight", []) is { } tensor ? [.. tensor.ToFloats().Select(value => (double)value).Chunk(tensor.Shape[1])] : null;

    private double[]? Values(string name) => weights.Find(name, [])?.ToFloats().Select(value => (double)value).ToArray();
}

namespace XLLM.Silo.Tests.Models;

internal sealed partial class PlainDecoder
{
    /// <summary>Columns of a head that no position turns, that positions turn, and of its value.</summary>
    public (int Plain, int Turned, int Value) LatentColumns { get; init; }

    /// <summary>Factor on the scores of latent attention beside 1 / sqrt(columns).</summary>
    public double Temperature { get; init; } = 1;

    /// <summary>Positions that a row attends to at most, where a layer has an indexer.</summary>
    public int MostSelected { get; init; }

    /// <summary>Whether the indexer turns neighbouring columns.</summary>
    public bool IndexerInterleaved { get; init; }

    /// <summary>Keys and values of every head written out, as section 2.1.1 of the DeepSeek-V2 paper has it, not absorbed.</summary>
    private double[][] LatentAttention(double[][] x, string at)
    {
        var (plain, turned, value) = LatentColumns;
        var source = Has($"{at}.q_proj") ? x : Norm(Linear(x, $"{at}.q_a_proj"), $"{at}.q_a_layernorm");
        var queries = Linear(source, Has($"{at}.q_proj") ? $"{at}.q_proj" : $"{at}.q_b_proj");
        var compressed = Linear(x, $"{at}.kv_a_proj_with_mqa");
        var expanded = Linear(Norm([.. compressed.Select(row => row[..^turned])], $"{at}.kv_a_layernorm"), $"{at}.kv_b_proj");
        var sharedKeys = compressed.Select((row, position) => Turn(row[^turned..], position, turned, interleaved: true)).ToArray();
        var heads = queries[0].Length / (plain + turned);
        var selected = Has($"{at}.indexer.wk") ? Select(x, source, $"{at}.indexer") : [.. x.Select((_, position) => Enumerable.Range(0, position + 1).ToArray())];
        var result = x.Select((_, position) => Enumerable.Range(0, heads).SelectMany(head =>
        {
            var query = queries[position].Skip(head * (plain + turned)).Take(plain + turned).ToArray();
            double[] q = [.. query[..plain], .. Turn(query[plain..], position, turned, interleaved: true)];
            var scores = selected[position].Select(other => Math.Exp(
                Dot(q, [.. expanded[other].Skip(head * (plain + value)).Take(plain), .. sharedKeys[other]]) * Temperature / Math.Sqrt(plain + turned))).ToArray();
            var total = scores.Sum();
            return Enumerable.Range(0, value).Select(column => selected[position].Select((other, i) => scores[i] / total * expanded[other][(head * (plain + value)) + plain + column]).Sum());
        }).ToArray()).ToArray();
        return Linear(result, $"{at}.o_proj");
    }

    private int[][] Select(double[][] x, double[][] source, string at)
    {
        var turned = LatentColumns.Turned;
        var weights = Linear(x, $"{at}.weights_proj");
        var (scale, offset) = (Values($"{at}.k_norm.weight")!, Values($"{at}.k_norm.bias")!);
        var keys = Linear(x, $"{at}.wk").Select((row, position) =>
        {
            var mean = row.Average();
            var deviation = Math.Sqrt(row.Average(each => (each - mean) * (each - mean)) + Epsilon);
            return Turn([.. row.Select((each, i) => ((each - mean) / deviation * scale[i]) + offset[i])], position, turned, IndexerInterleaved);
        }).ToArray();
        var queries = Linear(source, $"{at}.wq_b").Select((row, position) => row.Chunk(keys[0].Length).Select(head => Turn(head, position, turned, IndexerInterleaved)).ToArray()).ToArray();
        return [.. x.Select((_, position) => Enumerable.Range(0, position + 1)
            .OrderByDescending(other => queries[position].Select((head, h) => weights[position][h] * Math.Max(0, Dot(head, keys[other]))).Sum())
            .Take(MostSelected).ToArray())];
    }
}

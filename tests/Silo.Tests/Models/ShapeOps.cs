using XLLM.NativeBackends.Ops;

namespace XLLM.Silo.Tests.Models;

/// <summary>An <see cref="IOps"/> that checks shapes and computes nothing: runs the wiring of a model of any size in no time and no memory.</summary>
internal sealed class ShapeOps : IOps
{
    /// <summary>Names of the weights that were multiplied with or looked up in, in order.</summary>
    public List<string> Used { get; } = [];

    public void BeginStep() => Used.Clear();

    public Tensor Integers(ReadOnlySpan<int> values, int rows = 1) => new(0, DType.I32, rows, values.Length / rows);

    public ReadOnlySpan<float> ReadRow(Tensor source, int row) => new float[source.Columns];

    public Tensor Embedding(Tensor ids, Weight table)
    {
        Require(ids.DType == DType.I32 && ids.Rows == 1, $"embedding: ids {ids}");
        Used.Add(table.Name);
        return Floats(ids.Columns, table.Columns);
    }

    public Tensor Rows(Tensor x, Tensor indices)
    {
        Require(indices.DType == DType.I32 && indices.Rows == 1, $"rows: indices {indices}");
        return Floats(indices.Columns, x.Columns);
    }

    public Tensor RmsNorm(Tensor x, Tensor weight, float epsilon)
    {
        Require(weight.Rows == 1 && weight.Columns == x.Columns, $"rms_norm: weight {weight} does not fit x {x}");
        return Floats(x.Rows, x.Columns);
    }

    public void RmsNormHeads(Tensor x, Tensor weight, float epsilon) =>
        Require(weight.Rows == 1 && x.Columns % weight.Columns == 0, $"rms_norm_heads: weight {weight} does not fit x {x}");

    public Tensor Linear(Tensor x, Weight weight, Tensor? bias = null)
    {
        Require(weight.Columns == x.Columns, $"linear: weight {weight} does not fit x {x}");
        Require(bias is null || bias.Value.Columns == weight.Rows, $"linear: bias {bias} does not fit {weight}");
        Used.Add(weight.Name);
        return Floats(x.Rows, weight.Rows);
    }

    public void Add(Tensor x, Tensor y) => Require((x.Rows, x.Columns) == (y.Rows, y.Columns), $"add: {x} and {y}");

    public void SiluMultiply(Tensor gate, Tensor up) => Require((gate.Rows, gate.Columns) == (up.Rows, up.Columns), $"silu_multiply: {gate} and {up}");

    public Tensor RopeAngles(Tensor positions, RopeTable rope) => Floats(positions.Columns, 2 * rope.InverseFrequencies.Columns);

    public void Rotate(Tensor x, Tensor angles, int headSize, RopePairing pairing) =>
        Require(x.Columns % headSize == 0 && angles.Columns <= headSize && angles.Rows == x.Rows, $"rotate: {x} by {angles} in heads of {headSize}");

    public Tensor PagedAttention(Tensor q, Tensor k, Tensor v, KvLayer kv, AttentionBatch batch, HeadLayout heads, float scale)
    {
        Require(q.Columns == heads.QueryWidth && k.Columns == heads.KvWidth && v.Columns == heads.KvWidth, $"paged_attention: {q}, {k}, {v} with {heads}");
        Require((kv.KvHeads, kv.HeadSize) == (heads.KvHeads, heads.HeadSize), $"paged_attention: {kv} with {heads}");
        Require(batch.Slots.Columns == q.Rows, $"paged_attention: slots {batch.Slots} for {q}");
        return Floats(q.Rows, q.Columns);
    }

    private static Tensor Floats(int rows, int columns) => new(0, DType.F32, rows, columns);

    private static void Require(bool holds, string message) => _ = holds ? true : throw new OpException(message);
}

using XLLM.NativeBackends.Ops;

namespace XLLM.Silo.Tests.Models;

/// <summary>An <see cref="IOps"/> that checks shapes and computes nothing: runs the wiring of a model of any size in no time and no memory.</summary>
internal sealed class ShapeOps : IOps
{
    /// <summary>Names of the weights that were multiplied with or looked up in, in order.</summary>
    public List<string> Used { get; } = [];

    public void BeginStep() => Used.Clear();

    public Tensor Integers(ReadOnlySpan<int> values, int rows = 1) => new(0, DType.I32, rows, values.Length / rows);

    public Tensor Floats(ReadOnlySpan<float> values, int rows) => new(0, DType.F32, rows, values.Length / rows);

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

    public Tensor LayerNorm(Tensor x, Tensor weight, Tensor bias, float epsilon)
    {
        Require(weight.Columns == x.Columns && bias.Columns == x.Columns, $"layer_norm: weight {weight} and bias {bias} do not fit x {x}");
        return Floats(x.Rows, x.Columns);
    }

    public void SigmoidMultiply(Tensor x, Tensor gate) => Require(gate.Rows == x.Rows && x.Columns % gate.Columns == 0, $"sigmoid_multiply: {x} by {gate}");

    public Tensor ShortConvolution(Tensor x, Tensor weight, StateLayer state, int firstChannel, AttentionBatch batch)
    {
        Require((weight.Rows, weight.Columns) == (state.Window + 1, x.Columns), $"short_convolution: weight {weight} does not fit x {x} and {state}");
        Require(firstChannel + x.Columns <= state.Channels, $"short_convolution: channels {firstChannel} to {firstChannel + x.Columns} of {state.Channels}");
        return Floats(x.Rows, x.Columns);
    }

    public Tensor GatedDeltaRule(Tensor q, Tensor k, Tensor v, DeltaGates gates, StateLayer state, AttentionBatch batch)
    {
        Require(q.Columns == k.Columns && q.Columns % state.KeyColumns == 0 && state.Heads % (q.Columns / state.KeyColumns) == 0, $"gated_delta_rule: {q}, {k} with {state}");
        Require(v.Columns == state.Heads * state.ValueColumns && gates.Strength.Columns == state.Heads && gates.Step.Columns == state.Heads, $"gated_delta_rule: {v}, {gates} with {state}");
        Require(gates.LogDecay.Columns == state.Heads && gates.StepBias.Columns == state.Heads, $"gated_delta_rule: {gates} with {state}");
        return Floats(v.Rows, v.Columns);
    }

    public ExpertChoice ChooseExperts(Tensor logits, Tensor? bias, in ExpertRouting routing)
    {
        Require(bias is null || bias.Value.Columns == logits.Columns, $"choose_experts: bias {bias} does not fit logits {logits}");
        Require(logits.Columns % routing.Groups == 0 && routing.Chosen <= logits.Columns / routing.Groups * routing.ChosenGroups, $"choose_experts: {routing} of {logits}");
        return new(new(0, DType.I32, logits.Rows, routing.Chosen), Floats(logits.Rows, routing.Chosen));
    }

    public Tensor Experts(Tensor x, ExpertChoice choice, ExpertWeights experts)
    {
        Require(choice.Ids.Rows == x.Rows, $"experts: ids {choice.Ids} for {x}");
        foreach (var (gate, up, down) in experts.Gate.Zip(experts.Up, experts.Down))
        {
            Require(gate.Columns == x.Columns && up.Columns == x.Columns && (down.Rows, down.Columns) == (x.Columns, gate.Rows) && up.Rows == gate.Rows, $"experts: {gate}, {up}, {down} for {x}");
            Used.AddRange([gate.Name, up.Name, down.Name]);
        }

        return Floats(x.Rows, x.Columns);
    }

    public Tensor SliceHeads(Tensor x, int headSize, int first, int count)
    {
        Require(x.Columns % headSize == 0 && first + count <= headSize, $"slice_heads: {first} to {first + count} of {headSize} of {x}");
        return Floats(x.Rows, x.Columns / headSize * count);
    }

    public Tensor JoinHeads(Tensor a, Tensor b, int heads)
    {
        Require(a.Rows == b.Rows && a.Columns % heads == 0 && b.Columns % heads == 0, $"join_heads: {a} and {b} in {heads} heads");
        return Floats(a.Rows, a.Columns + b.Columns);
    }

    public Tensor LinearHeads(Tensor x, Weight weight, HeadSlice slice, bool transposed)
    {
        Require(slice.Heads * slice.Stride == weight.Rows && slice.First + slice.Count <= slice.Stride, $"linear_heads: {slice} of {weight}");
        Require(x.Columns == slice.Heads * (transposed ? slice.Count : weight.Columns), $"linear_heads: {x} with {slice} of {weight}");
        Used.Add(weight.Name);
        return Floats(x.Rows, slice.Heads * (transposed ? weight.Columns : slice.Count));
    }

    public Tensor LatentAttention(Tensor q, Tensor latent, KvLayer kv, AttentionBatch batch, int valueColumns, float scale, Tensor? selection = null)
    {
        Require(kv.KvHeads == 1 && latent.Columns == kv.HeadSize && q.Columns % kv.HeadSize == 0 && valueColumns <= kv.HeadSize, $"latent_attention: {q}, {latent} with {kv}");
        Require(selection is null || selection.Value.Rows == q.Rows, $"latent_attention: selection {selection} for {q}");
        return Floats(q.Rows, q.Columns / kv.HeadSize * valueColumns);
    }

    public Tensor SelectPositions(Tensor q, Tensor keys, Tensor weights, KvLayer kv, AttentionBatch batch, int most, float scale)
    {
        Require(keys.Columns == kv.HeadSize && q.Columns == weights.Columns * kv.HeadSize, $"select_positions: {q}, {keys}, {weights} with {kv}");
        return new(0, DType.I32, q.Rows, most);
    }

    public WorkspaceMark Mark() => default;

    public void Release(WorkspaceMark mark)
    {
    }

    public void Gelu(Tensor x, GeluKind kind)
    {
    }

    public Tensor RopeAnglesByAxis(Tensor positions, Tensor axes, RopeTable rope)
    {
        Require(axes.Columns == rope.InverseFrequencies.Columns, $"rope_angles_by_axis: axes {axes} do not fit {rope.InverseFrequencies}");
        return Floats(positions.Columns, 2 * axes.Columns);
    }

    public Tensor SegmentAttention(Tensor q, Tensor k, Tensor v, Tensor starts, int heads, float scale)
    {
        Require((q.Rows, q.Columns) == (k.Rows, k.Columns) && (q.Rows, q.Columns) == (v.Rows, v.Columns) && q.Columns % heads == 0, $"segment_attention: {q}, {k}, {v} in {heads} heads");
        return Floats(q.Rows, q.Columns);
    }

    public Tensor WeightedRows(Weight table, Tensor indices, Tensor weights)
    {
        Require((indices.Rows, indices.Columns) == (weights.Rows, weights.Columns), $"weighted_rows: {indices} and {weights}");
        Used.Add(table.Name);
        return Floats(indices.Rows, table.Columns);
    }

    public void PutRows(Tensor x, Tensor rows, Tensor y) => Require(y.Rows == rows.Columns && y.Columns == x.Columns, $"put_rows: {y} at {rows} of {x}");

    public void AddRows(Tensor x, Tensor rows, Tensor y) => Require(y.Rows == rows.Columns && y.Columns == x.Columns, $"add_rows: {y} at {rows} of {x}");

    private static Tensor Floats(int rows, int columns) => new(0, DType.F32, rows, columns);

    private static void Require(bool holds, string message) => _ = holds ? true : throw new OpException(message);
}

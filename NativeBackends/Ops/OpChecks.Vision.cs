namespace XLLM.NativeBackends.Ops;

internal static partial class OpChecks
{
    public static void Gelu(Tensor x, GeluKind kind)
    {
        RequireFloats("gelu", "x", x);
        if (kind is not (GeluKind.Exact or GeluKind.Tanh or GeluKind.Quick))
        {
            throw new OpException($"gelu: kind {(int)kind} is not 0 (exact), 1 (tanh) or 2 (quick)");
        }
    }

    public static void RopeAnglesByAxis(Tensor positions, Tensor axes, RopeTable rope)
    {
        if (positions.DType != DType.I32)
        {
            throw new OpException($"rope_angles_by_axis: positions {positions} must be I32");
        }

        RequireIntegers("rope_angles_by_axis", "axes", axes);
        RequireFloats("rope_angles_by_axis", "frequencies", rope.InverseFrequencies);
        if (rope.InverseFrequencies.Rows != 1 || rope.InverseFrequencies.Columns != axes.Columns)
        {
            throw new OpException($"rope_angles_by_axis: frequencies {rope.InverseFrequencies} do not fit axes {axes}");
        }

        RequireInRange("rope_angles_by_axis", "axis", axes, positions.Rows, positions);
    }

    public static unsafe void SegmentAttention(Tensor q, Tensor k, Tensor v, Tensor starts, int heads)
    {
        RequireSameShape("segment_attention", "q", q, "k", k);
        RequireSameShape("segment_attention", "q", q, "v", v);
        if (heads < 1 || q.Columns < heads || q.Columns % heads != 0)
        {
            throw new OpException($"segment_attention: q {q} does not divide into {heads} heads");
        }

        RequireIntegers("segment_attention", "starts", starts);
        if (starts.Columns < 1)
        {
            throw new OpException($"segment_attention: starts {starts} must have at least 1");
        }

        var rows = new ReadOnlySpan<int>((void*)starts.Data, starts.Columns);
        if (rows[0] != 0 || rows[^1] != q.Rows)
        {
            throw new OpException($"segment_attention: segments go from {rows[0]} to {rows[^1]}, q has rows 0 to {q.Rows}");
        }

        for (var s = 1; s < rows.Length; s++)
        {
            if (rows[s] < rows[s - 1])
            {
                throw new OpException($"segment_attention: segment {s - 1} goes from {rows[s - 1]} to {rows[s]}");
            }
        }
    }

    public static unsafe void WeightedRows(Weight table, Tensor indices, Tensor weights)
    {
        RequireFloats("weighted_rows", "weights", weights);
        if (indices.DType != DType.I32 || indices.Rows != weights.Rows || indices.Columns != weights.Columns)
        {
            throw new OpException($"weighted_rows: indices {indices} must be I32 and of the shape of weights {weights}");
        }

        for (var r = 0; r < indices.Rows; r++)
        {
            foreach (var index in new ReadOnlySpan<int>((int*)indices.Data + ((long)r * indices.RowStride), indices.Columns))
            {
                if (index < 0 || index >= table.Rows)
                {
                    throw new OpException($"weighted_rows: index {index} of row {r} is not in [0, {table.Rows}), the rows of {table}");
                }
            }
        }
    }

    public static unsafe void PutRows(string op, Tensor x, Tensor rows, Tensor y)
    {
        RequireFloats(op, "x", x);
        RequireIntegers(op, "rows", rows);
        RequireFloats(op, "y", y);
        if (y.Rows != rows.Columns || y.Columns != x.Columns)
        {
            throw new OpException($"{op}: y {y} does not fit rows {rows} and x {x}");
        }

        RequireInRange(op, "row", rows, x.Rows, x);
        var places = new ReadOnlySpan<int>((void*)rows.Data, rows.Columns);
        for (var i = 1; i < places.Length; i++)
        {
            if (places[i] <= places[i - 1])
            {
                throw new OpException($"{op}: row {places[i]} follows row {places[i - 1]}; rows must ascend");
            }
        }
    }
}

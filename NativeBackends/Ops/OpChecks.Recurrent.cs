namespace XLLM.NativeBackends.Ops;

internal static partial class OpChecks
{
    public static void SigmoidMultiply(Tensor x, Tensor gate)
    {
        RequireFloats("sigmoid_multiply", "x", x);
        RequireFloats("sigmoid_multiply", "gate", gate);
        if (gate.Rows != x.Rows || gate.Columns < 1 || x.Columns % gate.Columns != 0)
        {
            throw new OpException($"sigmoid_multiply: gate {gate} does not divide the columns of x {x}");
        }
    }

    public static void ShortConvolution(Tensor x, Tensor weight, StateLayer state, int firstChannel, AttentionBatch batch)
    {
        RequireFloats("short_convolution", "x", x);
        RequireFloats("short_convolution", "weight", weight);
        if (weight.Rows != (long)state.Window + 1 || weight.Columns != x.Columns)
        {
            throw new OpException($"short_convolution: weight {weight} does not fit x {x} and a window of {state.Window} rows");
        }

        if (firstChannel < 0 || (long)firstChannel + x.Columns > state.Channels)
        {
            throw new OpException($"short_convolution: channels {firstChannel} to {(long)firstChannel + x.Columns} are not in [0, {state.Channels}]");
        }

        RequireState("short_convolution", x, state, batch);
    }

    public static void GatedDeltaRule(Tensor q, Tensor k, Tensor v, DeltaGates gates, StateLayer state, AttentionBatch batch)
    {
        const string Op = "gated_delta_rule";
        RequireFloats(Op, "q", q);
        RequireFloats(Op, "k", k);
        RequireFloats(Op, "v", v);
        RequireFloats(Op, "strength", gates.Strength);
        RequireFloats(Op, "step", gates.Step);
        RequireFloats(Op, "log decay", gates.LogDecay);
        RequireFloats(Op, "step bias", gates.StepBias);
        var keyHeads = state.KeyColumns >= 1 ? q.Columns / state.KeyColumns : 0;
        if (keyHeads < 1 || q.Columns % state.KeyColumns != 0 || state.Heads < 1 || state.Heads % keyHeads != 0)
        {
            throw new OpException($"{Op}: q {q} does not have heads of {state.KeyColumns} columns whose number divides {state.Heads}");
        }

        if (k.Rows != q.Rows || k.Columns != q.Columns)
        {
            throw new OpException($"{Op}: k {k} does not fit q {q}");
        }

        RequireRowsAndColumns(Op, "v", v, q.Rows, state.Heads * state.ValueColumns);
        RequireRowsAndColumns(Op, "strength", gates.Strength, q.Rows, state.Heads);
        RequireRowsAndColumns(Op, "step", gates.Step, q.Rows, state.Heads);
        RequireRowsAndColumns(Op, "log decay", gates.LogDecay, 1, state.Heads);
        RequireRowsAndColumns(Op, "step bias", gates.StepBias, 1, state.Heads);
        RequireState(Op, q, state, batch);
    }

    /// <summary>A state's sizes and places, and a batch whose block tables name the blocks that are read and those that are written.</summary>
    private static unsafe void RequireState(string op, Tensor x, StateLayer state, AttentionBatch batch)
    {
        if (state.Heads < 0 || state.KeyColumns < 1 || state.ValueColumns < 1 || state.Channels < 1 || state.Window < 0 || state.Blocks < 1
            || state.FirstMatrix < 0 || state.MatricesPerBlock < 1 || state.FirstRow < 0 || state.RowsPerBlock < 1 || state.FirstRowBlock < 0)
        {
            throw new OpException(
                $"{op}: a state of {state.Heads} matrices [{state.KeyColumns}, {state.ValueColumns}] and {state.Window} rows of {state.Channels} in {state.Blocks} blocks is none");
        }

        var matrixBlocks = ((long)state.FirstMatrix + state.Heads + state.MatricesPerBlock - 1) / state.MatricesPerBlock;
        var rowBlocks = ((long)state.FirstRow + state.Window + state.RowsPerBlock - 1) / state.RowsPerBlock;
        if ((state.Heads > 0 && matrixBlocks > state.Blocks) || (state.Window > 0 && state.FirstRowBlock + rowBlocks > state.Blocks))
        {
            throw new OpException(
                $"{op}: a state needs {matrixBlocks} blocks for its matrices and {rowBlocks} after block {state.FirstRowBlock} for its window, but has {state.Blocks}");
        }

        RequireIntegers(op, "context lengths", batch.ContextLengths);
        RequireIntegers(op, "row starts", batch.RowStarts);
        if (batch.RowStarts.Columns != batch.Sequences + 1)
        {
            throw new OpException($"{op}: row starts {batch.RowStarts} do not fit {batch.Sequences} sequences");
        }

        if (batch.BlockTables.DType != DType.I32 || batch.BlockTables.Rows != batch.Sequences || (batch.Sequences > 0 && batch.BlockTables.Columns != 2L * state.Blocks))
        {
            throw new OpException($"{op}: block tables {batch.BlockTables} are not [{batch.Sequences}, {2L * state.Blocks}] I32");
        }

        var starts = (int*)batch.RowStarts.Data;
        var contexts = (int*)batch.ContextLengths.Data;
        if (starts[0] != 0 || starts[batch.Sequences] != x.Rows)
        {
            throw new OpException($"{op}: row starts go from {starts[0]} to {starts[batch.Sequences]}, there are rows 0 to {x.Rows}");
        }

        for (var s = 0; s < batch.Sequences; s++)
        {
            var rows = starts[s + 1] - starts[s];
            if (rows < 0 || contexts[s] < rows)
            {
                throw new OpException($"{op}: sequence {s} has {rows} rows and a context of {contexts[s]}");
            }

            var table = (int*)batch.BlockTables.Data + ((long)s * batch.BlockTables.RowStride);
            for (var b = 0; b < 2 * state.Blocks; b++)
            {
                if (table[b] < 0)
                {
                    throw new OpException($"{op}: sequence {s} has block {table[b]} at {b}; blocks start at 0");
                }
            }
        }
    }
}

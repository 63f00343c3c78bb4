namespace XLLM.NativeBackends.Ops;

/// <summary>Which rows of a step belong to which sequence, and where each sequence's keys and values are. All tensors are I32 in backend memory.</summary>
/// <param name="RowStarts">[1, sequences + 1]: sequence s has the rows [RowStarts[s], RowStarts[s + 1]).</param>
/// <param name="ContextLengths">[1, sequences]: tokens of the sequence up to and with its last row of this step. Row r of a sequence with n rows
/// attends to the positions 0 .. context - n + r.</param>
/// <param name="BlockTables">[sequences, most blocks]: KV blocks in token order; entries past a sequence's last block are not read.</param>
/// <param name="Slots">[1, rows]: where a row's key and value are stored: block * BlockTokens + offset in the block.</param>
/// <remarks>One row per sequence is decode, more is prefill; a kernel must give a row the same numbers either way (decision D2).</remarks>
public readonly record struct AttentionBatch(Tensor RowStarts, Tensor ContextLengths, Tensor BlockTables, Tensor Slots)
{
    /// <summary>Number of sequences in the step.</summary>
    public int Sequences => ContextLengths.Columns;
}

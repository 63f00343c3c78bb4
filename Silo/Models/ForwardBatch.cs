using XLLM.NativeBackends.Ops;

namespace XLLM.Silo.Models;

/// <summary>One step's rows in backend memory. Names addresses, not sequences. Reused from step to step.</summary>
internal sealed class ForwardBatch
{
    /// <summary>I32 [1, rows].</summary>
    public required Tensor TokenIds { get; set; }

    /// <summary>I32 [1, rows]: place of each row in its sequence, from 0.</summary>
    public required Tensor Positions { get; set; }

    /// <summary>
    /// I32 [3, rows]: time, row and column of each row's rotary position, for all rows of the step; or default (no rows): each row's are its
    /// <see cref="Positions"/> three times. Left at default for models with one rotary axis, and in steps none of whose sequences has a picture:
    /// text then goes the way of a text model, bit for bit. A sequence with pictures needs it in every step, its decoding included
    /// (<see cref="Vision.RotaryPositions.At"/>).
    /// </summary>
    public Tensor RotaryPositions { get; set; }

    /// <summary>I32 [1, n]: rows whose embedding comes from a picture instead of their token, ascending; or default: none.</summary>
    public Tensor PictureRows { get; set; }

    /// <summary>F32 [n, <see cref="IPictureEncoder.Columns"/>]: for each of <see cref="PictureRows"/> the encoder's result for that token; or default.</summary>
    public Tensor PictureEmbeddings { get; set; }

    /// <summary>I32 [1, n]: the rows whose logits are wanted, ascending; may be empty.</summary>
    public required Tensor LogitRows { get; set; }

    /// <summary>By model layer: where its keys and values are.</summary>
    public required IReadOnlyList<KvLayer> Kv { get; init; }

    /// <summary>By model layer: where its recurrent state is; only layers that have one are asked for.</summary>
    public IReadOnlyList<StateLayer> States { get; init; } = [];

    /// <summary>By model layer: rows, context lengths, block tables and slots of its group.</summary>
    /// <remarks>A recurrent state has no slots, and its block tables name the blocks that it is read from, then those that it is written to.</remarks>
    public required AttentionBatch[] Attention { get; init; }

    /// <summary>I32 [rows, n]: positions that each row attends to, as the last layer with an indexer has chosen them; for the layers after it that have none.</summary>
    public Tensor? Selection { get; set; }

    /// <summary>Sees what an indexer has chosen and says what is attended to instead, or null. For checks.</summary>
    public Func<IndexedRows, Tensor>? ReviseSelection { get; set; }

    /// <summary>Keeps the hidden states that a draft model takes; null: none is wanted.</summary>
    public StateCapture? Capture { get; set; }

    /// <summary>Sees the hidden states, or null: the input of every layer (before what pictures add to it), then the output of the final norm as layer number "layers". For checks and debugging.</summary>
    public Action<int, Tensor>? HiddenStates { get; set; }
}

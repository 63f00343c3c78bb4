using XLLM.NativeBackends.Ops;

namespace XLLM.Silo.Models;

/// <summary>What a decoder does with pictures: rows that come from an encoder, and rotary positions with three axes. A model without pictures has none.</summary>
internal sealed class PictureInput
{
    private readonly int _hidden;
    private readonly int[] _axes;
    private readonly int _deepLayers;

    /// <param name="encoder">Makes the rows.</param>
    /// <param name="token">Stands for pictures in a prompt.</param>
    /// <param name="hidden">Columns of a row.</param>
    /// <param name="axes">By pair of a head that positions turn: 0 time, 1 row, 2 column.</param>
    public PictureInput(IPictureEncoder encoder, int token, int hidden, int[] axes)
    {
        (Encoder, Token, _hidden, _axes) = (encoder, token, hidden, axes);
        _deepLayers = (encoder.Columns / hidden) - 1;
    }

    /// <summary>Makes the rows.</summary>
    public IPictureEncoder Encoder { get; }

    /// <summary>Stands for pictures in a prompt.</summary>
    public int Token { get; }

    /// <summary>The step's rotary angles.</summary>
    /// <param name="batch">The step.</param>
    /// <param name="rope">Frequencies of the decoder.</param>
    /// <param name="ops">The backend's operations.</param>
    public Tensor Angles(ForwardBatch batch, RopeTable rope, IOps ops) => batch.RotaryPositions.Rows == 0
        ? ops.RopeAngles(batch.Positions, rope)                                         // text alone: the same bits, without three positions for each row
        : ops.RopeAnglesByAxis(batch.RotaryPositions, ops.Integers(_axes), rope);

    /// <summary>Puts pictures in the place of their tokens' embeddings.</summary>
    /// <param name="hidden">[rows, hidden]; overwritten in the rows of pictures.</param>
    /// <param name="batch">The step.</param>
    /// <param name="ops">The backend's operations.</param>
    public void Place(Tensor hidden, ForwardBatch batch, IOps ops)
    {
        if (batch.PictureRows.Columns > 0)
        {
            ops.PutRows(hidden, batch.PictureRows, batch.PictureEmbeddings.ColumnSlice(0, _hidden));
        }
    }

    /// <summary>Adds what the encoder's earlier layers saw to what the decoder's first layers give (DeepStack). Source: arXiv:2406.04334.</summary>
    /// <param name="layer">The decoder's layer that is computed next; one past the last: after all of them.</param>
    /// <param name="hidden">[rows, hidden]; overwritten in the rows of pictures.</param>
    /// <param name="batch">The step.</param>
    /// <param name="ops">The backend's operations.</param>
    public void AddBefore(int layer, Tensor hidden, ForwardBatch batch, IOps ops)
    {
        if (layer >= 1 && layer <= _deepLayers && batch.PictureRows.Columns > 0)
        {
            ops.AddRows(hidden, batch.PictureRows, batch.PictureEmbeddings.ColumnSlice(layer * _hidden, _hidden));
        }
    }
}

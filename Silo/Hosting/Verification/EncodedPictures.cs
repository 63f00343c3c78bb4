using XLLM.NativeBackends.Ops;
using XLLM.Silo.Models;
using XLLM.Silo.Vision;

namespace XLLM.Silo.Hosting.Verification;

/// <summary>A prompt's pictures as the decoder reads them: where they stand, all rotary positions of the prompt, and the encoder's results, on the host.</summary>
/// <param name="Placements">In order.</param>
/// <param name="Positions">Of the prompt, and of what is decoded after it.</param>
/// <param name="Embeddings">[image tokens of all pictures, <paramref name="Columns"/>].</param>
/// <param name="Columns">Columns of a token's result.</param>
internal sealed record EncodedPictures(IReadOnlyList<PicturePlacement> Placements, RotaryPositions Positions, float[] Embeddings, int Columns)
{
    /// <summary>Encodes pictures, each in a step of its own.</summary>
    /// <param name="backend">Has the encoder's weights.</param>
    /// <param name="model">Reads pictures.</param>
    /// <param name="tokenIds">The prompt, placeholders repeated.</param>
    /// <param name="pixelValues">Values of all pictures, one after the other.</param>
    /// <param name="grids">Their patches.</param>
    /// <exception cref="ArgumentException">The values are not those of the grids.</exception>
    /// <exception cref="PictureException">The prompt has not the places of the pictures.</exception>
    public static EncodedPictures Encode(IBackend backend, ICausalModel model, ReadOnlySpan<int> tokenIds, ReadOnlySpan<float> pixelValues, IReadOnlyList<PictureGrid> grids)
    {
        var encoder = model.Pictures!;
        var placements = PicturePlaceholders.Locate(tokenIds, model.PictureToken!.Value, grids, encoder.MergeSize);
        var embeddings = new float[grids.Sum(grid => grid.Tokens(encoder.MergeSize)) * encoder.Columns];
        var (value, place) = (0, 0);
        foreach (var grid in grids)
        {
            var values = pixelValues.Slice(value, grid.Patches * encoder.ValuesPerPatch);
            value += values.Length;
            backend.Ops.BeginStep();
            var rows = encoder.Encode(values, grid, backend.Ops);
            for (var row = 0; row < rows.Rows; row++, place += encoder.Columns)
            {
                backend.Ops.ReadRow(rows, row).CopyTo(embeddings.AsSpan(place));
            }
        }

        return value == pixelValues.Length
            ? new EncodedPictures(placements, RotaryPositions.Of(tokenIds.Length, placements), embeddings, encoder.Columns)
            : throw new ArgumentException($"{grids.Count} pictures take {value} values, but there are {pixelValues.Length}", nameof(pixelValues));
    }

    /// <summary>The row of <see cref="Embeddings"/> that takes a token's place, or null: it is text.</summary>
    /// <param name="token">Index from the start of the prompt.</param>
    public int? RowOf(int token)
    {
        var row = 0;
        foreach (var placement in Placements)
        {
            if (token >= placement.FirstToken && token < placement.End)
            {
                return row + token - placement.FirstToken;
            }

            row += placement.Tokens;
        }

        return null;
    }
}

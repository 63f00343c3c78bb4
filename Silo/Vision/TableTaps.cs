namespace XLLM.Silo.Vision;

/// <summary>Which entries of a square table of position embeddings a picture's patches read, and with which weights: the table is stretched over the picture.</summary>
/// <param name="Entries">[patches, taps]: rows of the table.</param>
/// <param name="Weights">[patches, taps]; a patch's weights sum to 1.</param>
/// <param name="Taps">Entries of a patch.</param>
internal sealed record TableTaps(int[] Entries, float[] Weights, int Taps)
{
    /// <summary>Of the cubic kernel: what PyTorch and OpenCV take. Source: Keys 1981, equation 4, with a = -3/4.</summary>
    private const float Sharpness = -0.75f;

    /// <summary>Bilinear, corner to corner: the table's first and last entry lie on the picture's first and last patch. Qwen3-VL.</summary>
    /// <param name="grid">The patches.</param>
    /// <param name="mergeSize">Side of the square of patches that is one token.</param>
    /// <param name="side">Entries of the table's side.</param>
    public static TableTaps Bilinear(PictureGrid grid, int mergeSize, int side) => Of(grid, mergeSize, side, 2, (index, count, places, weights) =>
    {
        // The reference counts up from the first corner in the lower half and down from the last in the upper one, in float.
        var step = count > 1 ? (side - 1) / (float)(count - 1) : 0;
        var at = index < count / 2 ? step * index : (side - 1) - (step * (count - 1 - index));
        at = count > 1 ? at : 0;
        var floor = (int)at;
        (places[0], places[1]) = (floor, Math.Min(floor + 1, side - 1));
        (weights[0], weights[1]) = (1 - (at - floor), at - floor);
    });

    /// <summary>Bicubic, edge to edge: entries and patches are areas; beyond the edge the table's last entry goes on. GLM-4.1V.</summary>
    /// <param name="grid">The patches.</param>
    /// <param name="mergeSize">Side of the square of patches that is one token.</param>
    /// <param name="side">Entries of the table's side.</param>
    public static TableTaps Bicubic(PictureGrid grid, int mergeSize, int side) => Of(grid, mergeSize, side, 4, (index, count, places, weights) =>
    {
        var between = ((index + 0.5f) / count * 2) - 1;                                 // -1 and 1 are the edges
        var at = (((between + 1) * side) - 1) / 2;
        var floor = (int)MathF.Floor(at);
        var part = at - floor;
        for (var tap = 0; tap < 4; tap++)
        {
            places[tap] = Math.Clamp(floor - 1 + tap, 0, side - 1);
            weights[tap] = Cubic(MathF.Abs(part + 1 - tap));
        }
    });

    private static TableTaps Of(PictureGrid grid, int mergeSize, int side, int taps, AxisTaps axis)
    {
        var (rowPlaces, rowWeights) = Axis(grid.Height, taps, axis);
        var (columnPlaces, columnWeights) = Axis(grid.Width, taps, axis);
        var positions = PatchPositions.Of(grid, mergeSize);
        var entries = new int[grid.Patches * taps * taps];
        var weights = new float[entries.Length];
        for (var patch = 0; patch < grid.Patches; patch++)
        {
            var (row, column) = (positions[patch], positions[grid.Patches + patch]);
            for (var tap = 0; tap < taps * taps; tap++)
            {
                var (y, x) = ((row * taps) + (tap / taps), (column * taps) + (tap % taps));
                entries[(patch * taps * taps) + tap] = (rowPlaces[y] * side) + columnPlaces[x];
                weights[(patch * taps * taps) + tap] = rowWeights[y] * columnWeights[x];
            }
        }

        return new TableTaps(entries, weights, taps * taps);
    }

    private static (int[] Places, float[] Weights) Axis(int count, int taps, AxisTaps axis)
    {
        var (places, weights) = (new int[count * taps], new float[count * taps]);
        for (var index = 0; index < count; index++)
        {
            axis(index, count, places.AsSpan(index * taps, taps), weights.AsSpan(index * taps, taps));
        }

        return (places, weights);
    }

    private static float Cubic(float distance) => distance <= 1
        ? ((((Sharpness + 2) * distance) - (Sharpness + 3)) * distance * distance) + 1
        : ((((((distance - 5) * distance) + 8) * distance) - 4) * Sharpness);

    /// <summary>Taps of one row or column of patches.</summary>
    private delegate void AxisTaps(int index, int count, Span<int> places, Span<float> weights);
}

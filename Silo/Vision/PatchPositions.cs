namespace XLLM.Silo.Vision;

/// <summary>Where the patches of a picture lie, in the order of <see cref="PatchLayout"/>: those that become one token are neighbours.</summary>
internal static class PatchPositions
{
    /// <summary>Rows, then columns: what an encoder's rotary positions are.</summary>
    /// <param name="grid">The patches.</param>
    /// <param name="mergeSize">Side of the square of patches that is one token; divides both sides.</param>
    /// <returns>[2, patches]: row of every patch, then column. Frames repeat them.</returns>
    public static int[] Of(PictureGrid grid, int mergeSize)
    {
        var result = new int[2 * grid.Patches];
        var tokensInRow = grid.Width / mergeSize;
        for (var i = 0; i < grid.Patches; i++)
        {
            var (token, within) = Math.DivRem(i % (grid.Height * grid.Width), mergeSize * mergeSize);
            result[i] = (token / tokensInRow * mergeSize) + (within / mergeSize);
            result[grid.Patches + i] = (token % tokensInRow * mergeSize) + (within % mergeSize);
        }

        return result;
    }

    /// <summary>Rows at which frames begin, and the number of patches: segments of an attention over whole frames.</summary>
    public static int[] Frames(PictureGrid grid) => [.. Enumerable.Range(0, grid.Time + 1).Select(frame => frame * grid.Height * grid.Width)];
}

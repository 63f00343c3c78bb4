namespace XLLM.Silo.Vision;

/// <summary>A picture's tokens grouped into square windows, as Qwen2.5-VL attends within them: windows by rows, and rows inside a window. Source: arXiv:2502.13923, section 2.1.1.</summary>
/// <param name="Order">[tokens]: the token that stands at each place.</param>
/// <param name="Places">[tokens]: the place of each token: the other way round.</param>
/// <param name="Starts">[windows + 1]: places at which windows begin, and the number of tokens.</param>
internal sealed record AttentionWindows(int[] Order, int[] Places, int[] Starts)
{
    /// <summary>Groups the tokens of a picture.</summary>
    /// <param name="grid">Its patches.</param>
    /// <param name="mergeSize">Side of the square of patches that is one token.</param>
    /// <param name="side">Tokens of a window's side, at least 1; windows at the lower and right edge are smaller.</param>
    public static AttentionWindows Of(PictureGrid grid, int mergeSize, int side)
    {
        var (height, width) = (grid.Height / mergeSize, grid.Width / mergeSize);
        var order = new List<int>(grid.Tokens(mergeSize));
        var starts = new List<int> { 0 };
        for (var frame = 0; frame < grid.Time; frame++)
        {
            for (var top = 0; top < height; top += side)
            {
                for (var left = 0; left < width; left += side)
                {
                    for (var row = top; row < Math.Min(top + side, height); row++)
                    {
                        for (var column = left; column < Math.Min(left + side, width); column++)
                        {
                            order.Add((((frame * height) + row) * width) + column);
                        }
                    }

                    starts.Add(order.Count);
                }
            }
        }

        var places = new int[order.Count];
        for (var place = 0; place < places.Length; place++)
        {
            places[order[place]] = place;
        }

        return new AttentionWindows([.. order], places, [.. starts]);
    }
}

namespace XLLM.Silo.Vision;

/// <summary>The arithmetic that the families' sizing rules share.</summary>
internal static class PictureProportions
{
    /// <summary>Most times that one side may be as long as the other.</summary>
    public const int MaxRatio = 200;

    /// <summary>Refuses pictures that are mostly one line.</summary>
    /// <param name="width">As sent, for the message.</param>
    /// <param name="height">As sent, for the message.</param>
    /// <param name="usedWidth">As judged.</param>
    /// <param name="usedHeight">As judged.</param>
    /// <exception cref="PictureException">One side is more than 200 times the other.</exception>
    public static void Check(int width, int height, int usedWidth, int usedHeight)
    {
        if ((double)Math.Max(usedWidth, usedHeight) / Math.Min(usedWidth, usedHeight) > MaxRatio)
        {
            throw new PictureException($"the picture of {width} x {height} pixels is too long: one side may be at most {MaxRatio} times the other");
        }
    }

    /// <summary>The nearest multiples of the unit; where these pass a limit on pixels, the picture is scaled to the limit and cut or filled up to the unit.</summary>
    /// <param name="width">Pixels.</param>
    /// <param name="height">Pixels.</param>
    /// <param name="frames">How often each pixel counts.</param>
    /// <param name="config">Unit and limits.</param>
    /// <remarks>Halves round to even, and the order of the double operations matters at the edges: both as in the processors.</remarks>
    public static (int Width, int Height) IntoLimits(int width, int height, int frames, PictureProcessorConfig config)
    {
        double unit = config.Unit;
        var (nearWidth, nearHeight) = (Math.Round(width / unit) * unit, Math.Round(height / unit) * unit);
        var pixels = (double)frames * height * width;
        if (frames * nearHeight * nearWidth > config.MaxPixels)
        {
            var shrink = Math.Sqrt(pixels / config.MaxPixels);
            (nearWidth, nearHeight) = (Math.Max(unit, Math.Floor(width / shrink / unit) * unit), Math.Max(unit, Math.Floor(height / shrink / unit) * unit));
        }
        else if (frames * nearHeight * nearWidth < config.MinPixels)
        {
            var grow = Math.Sqrt(config.MinPixels / pixels);
            (nearWidth, nearHeight) = (Math.Ceiling(width * grow / unit) * unit, Math.Ceiling(height * grow / unit) * unit);
        }

        // Only without a lower limit on pixels can a side still be 0.
        return ((int)Math.Max(unit, nearWidth), (int)Math.Max(unit, nearHeight));
    }
}

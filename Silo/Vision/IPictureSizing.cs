namespace XLLM.Silo.Vision;

/// <summary>At which size a family of models looks at a picture.</summary>
internal interface IPictureSizing
{
    /// <summary>Fewest pixels where the settings name none, in this family's way of counting.</summary>
    int DefaultMinPixels { get; }

    /// <summary>Most pixels where the settings name none, in this family's way of counting.</summary>
    int DefaultMaxPixels { get; }

    /// <summary>The size to resize to: both sides multiples of the settings' unit, the proportions kept as well as that allows.</summary>
    /// <param name="width">Pixels, at least 1.</param>
    /// <param name="height">Pixels, at least 1.</param>
    /// <param name="config">Unit, limits on pixels, frames per patch.</param>
    /// <exception cref="PictureException">More than 200 times as long as wide, or the reverse.</exception>
    (int Width, int Height) SizeFor(int width, int height, PictureProcessorConfig config);
}

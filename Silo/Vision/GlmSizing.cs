namespace XLLM.Silo.Vision;

/// <summary>GLM-4.1V, GLM-4.5V, GLM-4.6V: as Qwen, but pictures smaller than one unit grow first, and pixels count once for every frame of a patch.</summary>
/// <remarks>Source: GLM-V team 2025 (arXiv:2507.01006) section 2, and the published processors' results. A still picture stands for as many frames as a patch is long.</remarks>
internal sealed class GlmSizing : IPictureSizing
{
    public int DefaultMinPixels => 112 * 112;

    public int DefaultMaxPixels => 28 * 28 * 15000;

    public (int Width, int Height) SizeFor(int width, int height, PictureProcessorConfig config)
    {
        var (grownWidth, grownHeight) = (width, height);
        if (width < config.Unit || height < config.Unit)
        {
            var scale = Math.Max((double)config.Unit / height, (double)config.Unit / width);
            (grownWidth, grownHeight) = ((int)Math.Min(int.MaxValue, width * scale), (int)Math.Min(int.MaxValue, height * scale));
        }

        PictureProportions.Check(width, height, grownWidth, grownHeight);
        return PictureProportions.IntoLimits(grownWidth, grownHeight, config.TemporalPatchSize, config);
    }
}

namespace XLLM.Silo.Vision;

/// <summary>Qwen2-VL, Qwen2.5-VL, Qwen3-VL and Qwen3.5: the nearest multiples of the unit, then scaled into the limits on pixels.</summary>
/// <remarks>Source: Wang et al. 2024 (arXiv:2409.12191) section 2.1, "naive dynamic resolution", and the published processors' results.</remarks>
internal sealed class QwenSizing : IPictureSizing
{
    public int DefaultMinPixels => 56 * 56;

    public int DefaultMaxPixels => 28 * 28 * 1280;

    public (int Width, int Height) SizeFor(int width, int height, PictureProcessorConfig config)
    {
        PictureProportions.Check(width, height, width, height);
        return PictureProportions.IntoLimits(width, height, frames: 1, config);
    }
}

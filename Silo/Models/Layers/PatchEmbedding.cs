using XLLM.NativeBackends.Ops;
using XLLM.Silo.Vision;
using XLLM.Silo.Weights;

namespace XLLM.Silo.Models.Layers;

/// <summary>Pixel values to vectors: a convolution whose stride is its size, so that each patch is one product.</summary>
/// <param name="at">Where "weight" and "bias" are.</param>
/// <param name="shape">Sizes.</param>
/// <param name="bias">Whether there is a bias.</param>
internal sealed class PatchEmbedding(Checkpoint at, VisionShape shape, bool bias)
{
    private readonly Weight _weight = at.Kernel("weight", shape.Hidden, Picture.Channels, shape.TemporalPatchSize, shape.PatchSize, shape.PatchSize);
    private readonly Tensor? _bias = bias ? at.Vector("bias", shape.Hidden) : null;

    /// <param name="pixelValues">[patches, values].</param>
    /// <param name="grid">The patches.</param>
    /// <param name="ops">The backend's operations.</param>
    /// <returns>[patches, hidden].</returns>
    /// <exception cref="ArgumentException">The values are not as many as the grid needs, or a side is no multiple of the merge size.</exception>
    public Tensor Forward(ReadOnlySpan<float> pixelValues, PictureGrid grid, IOps ops)
    {
        shape.Check(grid, pixelValues.Length);
        return ops.Linear(ops.Floats(pixelValues, grid.Patches), _weight, _bias);
    }
}

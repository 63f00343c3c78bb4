using XLLM.NativeBackends.Ops;
using XLLM.Silo.Weights;

namespace XLLM.Silo.Models.Layers;

/// <summary>Rotary angles of patches: half of a head's pairs turn by the patch's row, the other half by its column, with the same frequencies. Source: Qwen2-VL, arXiv:2409.12191, section 2.1.</summary>
internal sealed class PatchRotation
{
    private readonly int[] _axes;
    private readonly RopeTable _table;

    /// <param name="at">For the name of the frequencies in messages.</param>
    /// <param name="shape">Sizes.</param>
    public PatchRotation(Checkpoint at, VisionShape shape)
    {
        var frequencies = new PlainRope().InverseFrequencies(shape.RopeTheta, shape.HeadSize / 2);
        _axes = [.. frequencies.Select(_ => 0), .. frequencies.Select(_ => 1)];
        _table = new(at.Constant("rope frequencies", [.. frequencies, .. frequencies]), 1);
    }

    /// <param name="positions">[2, patches]: rows, then columns.</param>
    /// <param name="ops">The backend's operations.</param>
    /// <returns>The angles, [patches, head size].</returns>
    public Tensor Angles(ReadOnlySpan<int> positions, IOps ops) => ops.RopeAnglesByAxis(ops.Integers(positions, 2), ops.Integers(_axes), _table);
}

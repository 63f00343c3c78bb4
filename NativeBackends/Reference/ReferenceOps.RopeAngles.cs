using XLLM.NativeBackends.Ops;

namespace XLLM.NativeBackends.Reference;

internal sealed unsafe partial class ReferenceOps
{
    /// <inheritdoc/>
    public Tensor RopeAngles(Tensor positions, RopeTable rope)
    {
        OpChecks.RopeAngles(positions, rope);
        var frequencies = Floats(rope.InverseFrequencies, 0);
        var result = _workspace.Allocate(DType.F32, positions.Columns, 2 * frequencies.Length);
        for (var r = 0; r < result.Rows; r++)
        {
            var cosines = Floats(result, r)[..frequencies.Length];
            var sines = Floats(result, r)[frequencies.Length..];
            for (var i = 0; i < frequencies.Length; i++)
            {
                // The product is rounded to F32 because checkpoints were trained so; at position 100,000 the rounding is worth 0.004 radians.
                var angle = (float)Integers(positions)[r] * frequencies[i];
                cosines[i] = (float)(Math.Cos(angle) * rope.Scale);
                sines[i] = (float)(Math.Sin(angle) * rope.Scale);
            }
        }

        return result;
    }
}

using XLLM.NativeBackends.Ops;

namespace XLLM.NativeBackends.Reference;

internal sealed unsafe partial class ReferenceOps
{
    /// <inheritdoc/>
    public Tensor RopeAnglesByAxis(Tensor positions, Tensor axes, RopeTable rope)
    {
        OpChecks.RopeAnglesByAxis(positions, axes, rope);
        var frequencies = Floats(rope.InverseFrequencies, 0);
        var result = _workspace.Allocate(DType.F32, positions.Columns, 2 * frequencies.Length);
        for (var r = 0; r < result.Rows; r++)
        {
            for (var i = 0; i < frequencies.Length; i++)
            {
                // Rounded to F32 as in RopeAngles.
                var angle = (float)Integers(positions, Integers(axes)[i])[r] * frequencies[i];
                Floats(result, r)[i] = (float)(Math.Cos(angle) * rope.Scale);
                Floats(result, r)[frequencies.Length + i] = (float)(Math.Sin(angle) * rope.Scale);
            }
        }

        return result;
    }
}

using XLLM.NativeBackends.Ops;

namespace XLLM.NativeBackends.Reference;

internal sealed unsafe partial class ReferenceOps
{
    /// <inheritdoc/>
    public void Rotate(Tensor x, Tensor angles, int headSize, RopePairing pairing)
    {
        OpChecks.Rotate(x, angles, headSize, pairing);
        var pairs = angles.Columns / 2;
        for (var r = 0; r < x.Rows; r++)
        {
            var cosines = Floats(angles, r)[..pairs];
            var sines = Floats(angles, r)[pairs..];
            for (var start = 0; start < x.Columns; start += headSize)
            {
                var head = Floats(x, r).Slice(start, headSize);
                for (var i = 0; i < pairs; i++)
                {
                    var (first, second) = pairing == RopePairing.Halves ? (i, i + pairs) : (2 * i, (2 * i) + 1);
                    double a = head[first];
                    double b = head[second];
                    head[first] = (float)((a * cosines[i]) - (b * sines[i]));
                    head[second] = (float)((b * cosines[i]) + (a * sines[i]));
                }
            }
        }
    }
}

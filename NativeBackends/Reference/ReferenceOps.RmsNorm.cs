using XLLM.NativeBackends.Ops;

namespace XLLM.NativeBackends.Reference;

internal sealed unsafe partial class ReferenceOps
{
    /// <inheritdoc/>
    public Tensor RmsNorm(Tensor x, Tensor weight, float epsilon)
    {
        OpChecks.RmsNorm(x, weight);
        var result = _workspace.Allocate(DType.F32, x.Rows, x.Columns);
        for (var r = 0; r < x.Rows; r++)
        {
            Normalize(Floats(x, r), Floats(weight, 0), epsilon, Floats(result, r));
        }

        return result;
    }

    /// <summary>y = x * weight / sqrt(mean of x^2 + epsilon); y may be x.</summary>
    private static void Normalize(ReadOnlySpan<float> x, ReadOnlySpan<float> weight, float epsilon, Span<float> y)
    {
        double squares = 0;
        foreach (var value in x)
        {
            squares += (double)value * value;
        }

        var scale = 1 / Math.Sqrt((squares / x.Length) + epsilon);
        for (var c = 0; c < x.Length; c++)
        {
            y[c] = (float)(x[c] * scale * weight[c]);
        }
    }
}

using System.Runtime.Intrinsics;
using XLLM.NativeBackends.Ops;

namespace XLLM.NativeBackends.Reference;

internal sealed unsafe partial class ReferenceOps
{
    private float[] _weightRow = [];
    private double[] _weightRowWide = [];
    private double[] _xWide = [];

    /// <inheritdoc/>
    public Tensor Linear(Tensor x, Weight weight, Tensor? bias = null)
    {
        OpChecks.Linear(x, weight, bias);
        var inputs = weight.Columns;
        var result = _workspace.Allocate(DType.F32, x.Rows, weight.Rows);

        // Both sides are widened once, so that the inner loop is a dot product and nothing else.
        var xWide = Scratch(ref _xWide, (long)x.Rows * inputs).AsSpan();
        for (var r = 0; r < x.Rows; r++)
        {
            Widen(Floats(x, r), xWide.Slice(r * inputs, inputs));
        }

        var weightRow = Scratch(ref _weightRow, inputs).AsSpan(0, inputs);
        var weightRowWide = Scratch(ref _weightRowWide, inputs).AsSpan(0, inputs);
        for (var o = 0; o < weight.Rows && x.Rows > 0; o++)
        {
            WeightRows.Read(weight, o, weightRow);
            Widen(weightRow, weightRowWide);
            var offset = bias is { } b ? Floats(b, 0)[o] : 0.0;
            for (var r = 0; r < x.Rows; r++)
            {
                Floats(result, r)[o] = (float)(Dot(xWide.Slice(r * inputs, inputs), weightRowWide) + offset);
            }
        }

        GC.KeepAlive(weight);
        return result;
    }

    private static void Widen(ReadOnlySpan<float> source, Span<double> result)
    {
        for (var i = 0; i < source.Length; i++)
        {
            result[i] = source[i];
        }
    }

    /// <summary>Sum of products: 8 sums over i mod 8, then their sum, then the tail; the same on every machine.</summary>
    private static double Dot(ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        var sums = Vector512<double>.Zero;
        var i = 0;
        for (; i + Vector512<double>.Count <= a.Length; i += Vector512<double>.Count)
        {
            sums += Vector512.Create(a[i..]) * Vector512.Create(b[i..]);
        }

        double sum = 0;
        for (var lane = 0; lane < Vector512<double>.Count; lane++)
        {
            sum += sums[lane];
        }

        for (; i < a.Length; i++)
        {
            sum += a[i] * b[i];
        }

        return sum;
    }
}

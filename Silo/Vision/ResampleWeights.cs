namespace XLLM.Silo.Vision;

/// <summary>For one direction of a resize: which samples make each new one, and with which weights, in fixed point.</summary>
/// <remarks>
/// When shrinking, the kernel is widened by the factor, so that every old sample counts (antialiasing). Weights are normalized to a sum of 1 in
/// double precision and then rounded to <see cref="FractionBits"/> bits, half away from zero: the arithmetic of the processors' library, so that the
/// bytes come out equal. 8 bits of sample, 2 bits for sums outside 0 to 1 (kernels go negative), and the rest of 32 for the fraction.
/// </remarks>
internal sealed class ResampleWeights
{
    /// <summary>Bits after the point of a weight.</summary>
    public const int FractionBits = 32 - 8 - 2;

    private readonly int[] _first;
    private readonly int[] _count;
    private readonly int[] _weights;
    private readonly int _stride;

    /// <summary>Computes the weights from <paramref name="from"/> samples to <paramref name="to"/>, both at least 1.</summary>
    public ResampleWeights(int from, int to, ResampleFilter filter)
    {
        var scale = (double)from / to;
        var widening = Math.Max(scale, 1);
        var narrowing = 1 / widening;
        var support = filter.Support * widening;
        _stride = ((int)Math.Ceiling(support) * 2) + 1;
        _first = new int[to];
        _count = new int[to];
        _weights = new int[checked(to * _stride)];
        var exact = new double[_stride];
        for (var i = 0; i < to; i++)
        {
            var center = (i + 0.5) * scale;
            var first = Math.Max(0, (int)(center - support + 0.5));
            var count = Math.Min(from, (int)(center + support + 0.5)) - first;
            var sum = 0.0;
            for (var k = 0; k < count; k++)
            {
                sum += exact[k] = filter.Weight((k + first - center + 0.5) * narrowing);
            }

            for (var k = 0; k < count; k++)
            {
                var weight = (sum != 0 ? exact[k] / sum : exact[k]) * (1 << FractionBits);
                _weights[(i * _stride) + k] = (int)(weight < 0 ? weight - 0.5 : weight + 0.5);
            }

            (_first[i], _count[i]) = (first, count);
        }
    }

    /// <summary>The first old sample of new sample <paramref name="i"/>.</summary>
    public int First(int i) => _first[i];

    /// <summary>The weights of new sample <paramref name="i"/>: for its first old sample, the next, and so on.</summary>
    public ReadOnlySpan<int> Of(int i) => _weights.AsSpan(i * _stride, _count[i]);

    /// <summary>A sum of samples times weights as a sample: rounded, clipped to 0 to 255. The sum must have begun at <see cref="Half"/>.</summary>
    public static byte Sample(int sum) => (byte)Math.Clamp(sum >> FractionBits, 0, 255);

    /// <summary>One half, in the fixed point of the weights.</summary>
    public const int Half = 1 << (FractionBits - 1);
}

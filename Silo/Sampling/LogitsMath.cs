using System.Numerics;
using System.Runtime.Intrinsics;

namespace XLLM.Silo.Sampling;

/// <summary>Loops over a row of logits, 16 at a time. The order of every sum is fixed, so all machines draw the same.</summary>
internal static class LogitsMath
{
    /// <summary>Elements whose exponentials are summed into one partial sum by <see cref="Weights"/>.</summary>
    public const int BlockSize = 1024;

    /// <summary>Elements that are looked at together.</summary>
    public const int Lanes = 16;

    /// <summary>The greatest element; NaN if there is one among them.</summary>
    public static float Max(ReadOnlySpan<float> values)
    {
        var most = Vector512.Create(float.NegativeInfinity);
        var valid = Vector512<float>.AllBitsSet;
        var i = 0;
        for (; i + Lanes <= values.Length; i += Lanes)
        {
            var value = Vector512.Create(values[i..]);
            most = Vector512.MaxNative(most, value);
            valid &= Vector512.Equals(value, value);        // false for NaN alone
        }

        var result = Vector512.EqualsAll(valid.AsInt32(), Vector512<int>.AllBitsSet) ? float.NegativeInfinity : float.NaN;
        for (var lane = 0; lane < Lanes; lane++)
        {
            result = Math.Max(result, most[lane]);          // keeps a NaN
        }

        for (; i < values.Length; i++)
        {
            result = Math.Max(result, values[i]);
        }

        return result;
    }

    /// <summary>The least element that is not minus infinity; plus infinity if there is none.</summary>
    public static float MinFinite(ReadOnlySpan<float> values)
    {
        var (least, nothing) = (Vector512.Create(float.PositiveInfinity), Vector512.Create(float.NegativeInfinity));
        var i = 0;
        for (; i + Lanes <= values.Length; i += Lanes)
        {
            var value = Vector512.Create(values[i..]);
            least = Vector512.MinNative(least, Vector512.ConditionalSelect(Vector512.Equals(value, nothing), least, value));
        }

        var result = float.PositiveInfinity;
        for (var lane = 0; lane < Lanes; lane++)
        {
            result = Math.Min(result, least[lane]);
        }

        for (; i < values.Length; i++)
        {
            result = float.IsNegativeInfinity(values[i]) ? result : Math.Min(result, values[i]);
        }

        return result;
    }

    /// <summary>Whether up to <see cref="Lanes"/> elements are all zero; says no for fewer, which are then looked at one by one.</summary>
    public static bool IsZero(ReadOnlySpan<float> values) => values.Length == Lanes && Vector512.EqualsAll(Vector512.Create(values), Vector512<float>.Zero);

    /// <summary>Place of the first element that equals a value; -1 if there is none.</summary>
    public static int IndexOf(ReadOnlySpan<float> values, float value)
    {
        var wanted = Vector512.Create(value);
        var i = 0;
        for (; i + Lanes <= values.Length; i += Lanes)
        {
            var equal = Vector512.Equals(Vector512.Create(values[i..]), wanted).ExtractMostSignificantBits();
            if (equal != 0)
            {
                return i + BitOperations.TrailingZeroCount(equal);
            }
        }

        for (; i < values.Length; i++)
        {
            if (values[i] == value)
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary>Place of the first element above a bar; -1 if there is none.</summary>
    public static int IndexOfAbove(ReadOnlySpan<float> values, float bar)
    {
        var bars = Vector512.Create(bar);
        var i = 0;
        for (; i + Lanes <= values.Length; i += Lanes)
        {
            var above = Vector512.GreaterThan(Vector512.Create(values[i..]), bars).ExtractMostSignificantBits();
            if (above != 0)
            {
                return i + BitOperations.TrailingZeroCount(above);
            }
        }

        for (; i < values.Length; i++)
        {
            if (values[i] > bar)
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary>values = (values - offset) * factor.</summary>
    public static void Rescale(Span<float> values, float offset, float factor)
    {
        var (offsets, factors) = (Vector512.Create(offset), Vector512.Create(factor));
        var i = 0;
        for (; i + Lanes <= values.Length; i += Lanes)
        {
            ((Vector512.Create<float>(values[i..]) - offsets) * factors).CopyTo(values[i..]);
        }

        for (; i < values.Length; i++)
        {
            values[i] = (values[i] - offset) * factor;
        }
    }

    /// <summary>Sets to minus infinity what is below a bound.</summary>
    public static void MaskBelow(Span<float> values, float bound)
    {
        var (bounds, nothing) = (Vector512.Create(bound), Vector512.Create(float.NegativeInfinity));
        var i = 0;
        for (; i + Lanes <= values.Length; i += Lanes)
        {
            var value = Vector512.Create<float>(values[i..]);
            Vector512.ConditionalSelect(Vector512.LessThan(value, bounds), nothing, value).CopyTo(values[i..]);
        }

        for (; i < values.Length; i++)
        {
            values[i] = values[i] < bound ? float.NegativeInfinity : values[i];
        }
    }

    /// <summary>weights[i] = exp(values[i] - most), and their sums over blocks of <see cref="BlockSize"/>.</summary>
    /// <param name="values">Logits; minus infinity where a token is masked.</param>
    /// <param name="most">The greatest of them, finite.</param>
    /// <param name="weights">At least as long as <paramref name="values"/>; overwritten.</param>
    /// <param name="blockSums">One per block; overwritten.</param>
    /// <returns>The sum of all weights: the block sums added in order.</returns>
    public static double Weights(ReadOnlySpan<float> values, float most, Span<float> weights, Span<double> blockSums)
    {
        double total = 0;
        for (var (block, start) = (0, 0); start < values.Length; block++, start += BlockSize)
        {
            var length = Math.Min(BlockSize, values.Length - start);
            total += blockSums[block] = BlockWeights(values.Slice(start, length), most, weights.Slice(start, length));
        }

        return total;
    }

    private static double BlockWeights(ReadOnlySpan<float> values, float most, Span<float> weights)
    {
        var offsets = Vector512.Create(most);
        var (lower, upper) = (Vector512<double>.Zero, Vector512<double>.Zero);
        var i = 0;
        for (; i + Lanes <= values.Length; i += Lanes)
        {
            var weight = Vector512.Exp(Vector512.Create(values[i..]) - offsets);
            weight.CopyTo(weights[i..]);
            lower += Vector512.WidenLower(weight);
            upper += Vector512.WidenUpper(weight);
        }

        var sums = lower + upper;
        double sum = 0;
        for (var lane = 0; lane < Vector512<double>.Count; lane++)
        {
            sum += sums[lane];
        }

        for (; i < values.Length; i++)
        {
            sum += weights[i] = MathF.Exp(values[i] - most);
        }

        return sum;
    }
}

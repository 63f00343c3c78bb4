using System.Numerics;

namespace XLLM.Silo.Templates.Values;

/// <summary>The bounds of <c>[start:stop:step]</c> as given; null or none for a bound left out.</summary>
internal readonly record struct Slice(Value? Start, Value? Stop, Value? Step)
{
    /// <summary>The bounds for a sequence of a length, as Python resolves them: where to begin, how far to go each time, how many items.</summary>
    public (int Start, long Step, int Count) Resolve(int length)
    {
        var step = Bound(Step) ?? BigInteger.One;
        if (step.IsZero)
        {
            throw new TemplateFault("slice step cannot be zero");
        }

        var isForward = step.Sign > 0;
        var (low, high) = isForward ? (0, length) : (-1, length - 1);
        var start = Clamp(Bound(Start), isForward ? low : high);
        var stop = Clamp(Bound(Stop), isForward ? high : low);
        var distance = isForward ? stop - start : start - stop;
        var count = distance <= 0 ? 0 : (int)((distance - 1) / BigInteger.Abs(step)) + 1;

        // A step beyond the sequence takes one item, so its size no longer matters.
        return (count == 0 ? 0 : start, step > length ? length + 1L : step < -length ? -length - 1L : (long)step, count);

        int Clamp(BigInteger? bound, int missing)
        {
            if (bound is not { } value)
            {
                return missing;
            }

            value = value.Sign < 0 ? value + length : value;
            return value < low ? low : value > high ? high : (int)value;
        }
    }

    private static BigInteger? Bound(Value? value)
    {
        if (value is null or NoneValue)
        {
            return null;
        }

        return IntegerValue.TryGet(value, out var number) ? number : throw new TemplateFault("slice indices must be integers or None or have an __index__ method");
    }
}

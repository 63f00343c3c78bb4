using System.Globalization;
using System.Numerics;
using XLLM.Silo.Templates.Evaluation;

namespace XLLM.Silo.Templates.Values;

/// <summary>Python's <c>range</c>.</summary>
internal sealed class RangeValue(BigInteger start, BigInteger stop, BigInteger step) : Value
{
    public BigInteger Start { get; } = start;

    public BigInteger Step { get; } = step;

    /// <summary>How many numbers it has.</summary>
    public int Count { get; } = (int)Size(start, stop, step);

    public override string TypeName => "range";

    public override bool IsTrue => Count > 0;

    public override bool IsIterable => true;

    public override bool IsReversible => true;

    public override bool HasItems => true;

    /// <summary>How many numbers a range has, before it is made.</summary>
    public static BigInteger Size(BigInteger start, BigInteger stop, BigInteger step)
    {
        var distance = step.Sign > 0 ? stop - start : start - stop;
        return distance.Sign <= 0 ? BigInteger.Zero : ((distance - 1) / BigInteger.Abs(step)) + 1;
    }

    public override bool TryGetLength(out int length)
    {
        length = Count;
        return true;
    }

    public override IEnumerator<Value> Iterate(RenderContext context)
    {
        for (var i = 0; i < Count; i++)
        {
            yield return At(i);
        }
    }

    public override IEnumerator<Value> IterateReversed(RenderContext context)
    {
        for (var i = Count - 1; i >= 0; i--)
        {
            yield return At(i);
        }
    }

    public override Value? GetItem(RenderContext context, Value key)
    {
        if (!IntegerValue.TryGet(key, out var index))
        {
            return null;
        }

        index = index.Sign < 0 ? index + Count : index;
        return index.Sign >= 0 && index < Count ? At((int)index) : null;
    }

    public override Value Slice(RenderContext context, Slice slice)
    {
        var (first, by, count) = slice.Resolve(Count);
        var from = Start + (first * Step);
        return new RangeValue(from, from + (count * by * Step), by * Step);
    }

    public override bool Contains(RenderContext context, Value item)
    {
        if (!IntegerValue.TryGet(item, out var number))
        {
            return base.Contains(context, item);
        }

        var offset = number - Start;
        return Count > 0 && (offset % Step).IsZero && offset / Step is var index && index.Sign >= 0 && index < Count;
    }

    public override Value? GetAttribute(RenderContext context, string name) => name switch
    {
        "start" => new IntegerValue(Start),
        "stop" => new IntegerValue(stop),
        "step" => new IntegerValue(Step),
        "count" => new FunctionValue("range.count", (c, a) => new IntegerValue(Contains(c, a.BindPositional("count", 1, 1)[0]!) ? 1 : 0)),
        "index" => new FunctionValue("range.index", Index),
        _ => null,
    };

    public override void WriteRepresentation(TextBuilder builder)
    {
        var last = stop.ToString(CultureInfo.InvariantCulture);
        builder.Append(Step.IsOne ? $"range({Start}, {last})" : $"range({Start}, {last}, {Step})");
    }

    private IntegerValue At(int index) => new(Start + (index * Step));

    private IntegerValue Index(RenderContext context, Arguments arguments)
    {
        var item = arguments.BindPositional("index", 1, 1)[0]!;
        return IntegerValue.TryGet(item, out var number) && Contains(context, item)
            ? new IntegerValue((number - Start) / Step)
            : throw new TemplateFault($"{context.Represent(item)} is not in range");
    }
}

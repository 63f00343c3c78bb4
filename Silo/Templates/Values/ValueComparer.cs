using System.Numerics;
using System.Runtime.CompilerServices;
using XLLM.Silo.Templates.Evaluation;

namespace XLLM.Silo.Templates.Values;

/// <summary>Python's equality and hash for the keys of dicts: 1, 1.0 and True are one key. Its work counts against the rendering.</summary>
internal sealed class ValueComparer(RenderContext context) : IEqualityComparer<Value>
{
    public bool Equals(Value? x, Value? y) => ReferenceEquals(x, y) || (x is not null && y is not null && Comparisons.AreEqual(context, x, y));

    public int GetHashCode(Value value)
    {
        context.Step();
        return value switch
        {
            TextValue text => Hash(text.Text),
            BooleanValue boolean => (boolean.IsTrue ? BigInteger.One : BigInteger.Zero).GetHashCode(),
            IntegerValue integer => integer.Number.GetHashCode(),
            FloatValue { Number: var number } => double.IsInteger(number) ? new BigInteger(number).GetHashCode() : number.GetHashCode(),
            TupleValue tuple => Hash(tuple),
            UndefinedValue => 1,
            RangeValue range => HashCode.Combine(range.Count, range.Count > 0 ? range.Start : 0, range.Count > 1 ? range.Step : 0),
            _ => RuntimeHelpers.GetHashCode(value),
        };
    }

    private int Hash(string text)
    {
        context.Work(text.Length);
        return text.GetHashCode(StringComparison.Ordinal);
    }

    private int Hash(TupleValue tuple)
    {
        var hash = default(HashCode);
        foreach (var item in tuple.Items)
        {
            hash.Add(GetHashCode(item));
        }

        return hash.ToHashCode();
    }
}

using System.Numerics;
using XLLM.Silo.Templates.Values;

namespace XLLM.Silo.Templates.Library;

/// <summary>Attributes of numbers.</summary>
internal static class NumberMethods
{
    public static Value? Find(Value self, string name)
    {
        var isInteger = IntegerValue.TryGet(self, out var integer);
        return (isInteger, name) switch
        {
            (true, "real" or "numerator") => new IntegerValue(integer),
            (true, "imag") => new IntegerValue(BigInteger.Zero),
            (true, "denominator") => new IntegerValue(BigInteger.One),
            (true, "bit_length") => Method(name, () => new IntegerValue((BigInteger.Abs(integer) is var size && size.IsZero) ? 0 : Bits(size))),
            (true, "bit_count") => Method(name, () => new IntegerValue(BigInteger.PopCount(BigInteger.Abs(integer)))),
            (true, "conjugate") => Method(name, () => new IntegerValue(integer)),
            (true, "as_integer_ratio") => Method(name, () => new TupleValue([new IntegerValue(integer), new IntegerValue(BigInteger.One)])),
            (false, "real") => self,
            (false, "imag") => new FloatValue(0),
            (false, "conjugate") => Method(name, () => self),
            (false, "is_integer") => Method(name, () => BooleanValue.Of(double.IsInteger(((FloatValue)self).Number))),
            _ => null,
        };
    }

    private static BigInteger Bits(BigInteger size) => (BigInteger)(long)size.GetBitLength();

    private static FunctionValue Method(string name, Func<Value> call) => new(name, (_, arguments) =>
    {
        arguments.BindPositional(name, 0, 0);
        return call();
    });
}

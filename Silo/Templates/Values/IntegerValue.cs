using System.Globalization;
using System.Numerics;
using XLLM.Silo.Templates.Evaluation;
using XLLM.Silo.Templates.Library;

namespace XLLM.Silo.Templates.Values;

/// <summary>An integer of any size.</summary>
internal sealed class IntegerValue(BigInteger value) : Value
{
    public BigInteger Number { get; } = value;

    public override string TypeName => "int";

    public override bool IsTrue => !Number.IsZero;

    /// <summary>The integer of a number or a boolean, which is one in Python.</summary>
    public static bool TryGet(Value? value, out BigInteger number)
    {
        (var isInteger, number) = value switch
        {
            IntegerValue integer => (true, integer.Number),
            BooleanValue boolean => (true, boolean.IsTrue ? BigInteger.One : BigInteger.Zero),
            _ => (false, BigInteger.Zero),
        };
        return isInteger;
    }

    /// <summary>An integer that counts or indexes something; sizes that no text or list has become the largest or smallest 32-bit ones.</summary>
    /// <exception cref="TemplateFault">It is no integer.</exception>
    public static int Count(Value value)
    {
        if (!TryGet(value, out var number))
        {
            throw value is UndefinedValue undefined ? undefined.Fail() : new TemplateFault($"'{value.TypeName}' object cannot be interpreted as an integer");
        }

        return number > int.MaxValue ? int.MaxValue : number < int.MinValue ? int.MinValue : (int)number;
    }

    public override Value? GetAttribute(RenderContext context, string name) => NumberMethods.Find(this, name);

    /// <summary>Its decimal digits, within the bound that keeps the conversion quick.</summary>
    public string Digits(RenderContext context)
    {
        var text = ToString();
        return text.Length <= context.Limits.MaxIntegerDigits || text.Length - (Number.Sign < 0 ? 1 : 0) <= context.Limits.MaxIntegerDigits
            ? text
            : throw new TemplateFault($"Exceeds the limit ({context.Limits.MaxIntegerDigits} digits) for integer string conversion");
    }

    public override string ToString() => Number.ToString(CultureInfo.InvariantCulture);

    public override void WriteRepresentation(TextBuilder builder) => builder.Append(Digits(builder.Context));
}

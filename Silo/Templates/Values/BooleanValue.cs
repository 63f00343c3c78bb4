using XLLM.Silo.Templates.Evaluation;
using XLLM.Silo.Templates.Library;

namespace XLLM.Silo.Templates.Values;

/// <summary><c>True</c> or <c>False</c>; in arithmetic 1 or 0.</summary>
internal sealed class BooleanValue : Value
{
    private BooleanValue(bool value)
    {
        IsTrue = value;
    }

    public static BooleanValue True { get; } = new(true);

    public static BooleanValue False { get; } = new(false);

    public override string TypeName => "bool";

    public override bool IsTrue { get; }

    public static BooleanValue Of(bool value) => value ? True : False;

    public override Value? GetAttribute(RenderContext context, string name) => NumberMethods.Find(this, name);

    public override string ToString() => IsTrue ? "True" : "False";

    public override void WriteRepresentation(TextBuilder builder) => builder.Append(ToString());
}

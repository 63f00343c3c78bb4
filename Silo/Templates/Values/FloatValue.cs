using XLLM.Silo.Templates.Evaluation;
using XLLM.Silo.Templates.Library;
using XLLM.Silo.Templates.Strings;

namespace XLLM.Silo.Templates.Values;

/// <summary>A floating-point number.</summary>
internal sealed class FloatValue(double value) : Value
{
    public double Number { get; } = value;

    public override string TypeName => "float";

    public override bool IsTrue => Number != 0;

    public override Value? GetAttribute(RenderContext context, string name) => NumberMethods.Find(this, name);

    public override string ToString() => FloatText.Represent(Number);

    public override void WriteRepresentation(TextBuilder builder) => builder.Append(ToString());
}

using XLLM.Silo.Templates.Evaluation;

namespace XLLM.Silo.Templates.Values;

/// <summary>What <c>joiner(separator)</c> makes: nothing when first called, the separator from then on.</summary>
internal sealed class JoinerValue(Value separator) : Value
{
    private bool _isUsed;

    public override string TypeName => "Joiner";

    public override bool IsCallable => true;

    public override Value? GetAttribute(RenderContext context, string name) => name switch
    {
        "sep" => separator,
        "used" => BooleanValue.Of(_isUsed),
        _ => null,
    };

    public override Value Call(RenderContext context, Arguments arguments)
    {
        arguments.BindPositional("joiner", 0, 0);
        var result = _isUsed ? separator : new TextValue("");
        _isUsed = true;
        return result;
    }

    public override void WriteRepresentation(TextBuilder builder) => builder.Append("<jinja2.utils.Joiner object>");
}

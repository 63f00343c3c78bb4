using XLLM.Silo.Templates.Evaluation;

namespace XLLM.Silo.Templates.Values;

/// <summary>What <c>cycler(a, b)</c> makes: its items in turn, over and over.</summary>
internal sealed class CyclerValue(IReadOnlyList<Value> items) : Value
{
    private int _position;

    public override string TypeName => "Cycler";

    public override Value? GetAttribute(RenderContext context, string name) => name switch
    {
        "items" => new TupleValue(items),
        "pos" => new IntegerValue(_position),
        "current" => items[_position],
        "next" => new FunctionValue("next", (_, a) => Next(a)),
        "reset" => new FunctionValue("reset", (_, a) => Reset(a)),
        _ => null,
    };

    public override void WriteRepresentation(TextBuilder builder) => builder.Append("<jinja2.utils.Cycler object>");

    private Value Next(Arguments arguments)
    {
        arguments.BindPositional("next", 0, 0);
        var current = items[_position];
        _position = (_position + 1) % items.Count;
        return current;
    }

    private NoneValue Reset(Arguments arguments)
    {
        arguments.BindPositional("reset", 0, 0);
        _position = 0;
        return NoneValue.Instance;
    }
}

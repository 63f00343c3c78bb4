using XLLM.Silo.Templates.Evaluation;
using XLLM.Silo.Templates.Strings;

namespace XLLM.Silo.Templates.Values;

/// <summary>What a missing variable, attribute or item gives: it prints as nothing and is false, and anything further with it is an error.</summary>
internal sealed class UndefinedValue : Value
{
    private readonly string? _hint;
    private readonly Value? _target;
    private readonly Value? _name;

    /// <summary>A variable that nobody set.</summary>
    public UndefinedValue(string name)
    {
        _name = new TextValue(name);
    }

    private UndefinedValue(string? hint, Value? target, Value? name)
    {
        _hint = hint;
        _target = target;
        _name = name;
    }

    public override string TypeName => "Undefined";

    public override bool IsTrue => false;

    public override bool IsIterable => true;

    public override bool IsReversible => true;

    // Python finds a __call__ and a __getitem__ on the class, though both only raise.
    public override bool IsCallable => true;

    public override bool HasItems => true;

    public static UndefinedValue Because(string hint) => new(hint, null, null);

    /// <summary>An attribute or item that <paramref name="target"/> does not have.</summary>
    public static UndefinedValue Of(Value target, Value name) => new(null, target, name);

    /// <summary>An attribute that the sandbox keeps back.</summary>
    public static UndefinedValue Unsafe(Value target, string name) => new($"access to attribute '{name}' of '{target.TypeName}' object is unsafe.", null, null);

    /// <summary>The error that using it is.</summary>
    public TemplateFault Fail() => new(Message());

    public override bool TryGetLength(out int length)
    {
        length = 0;
        return true;
    }

    public override IEnumerator<Value> Iterate(RenderContext context) => Enumerable.Empty<Value>().GetEnumerator();

    public override IEnumerator<Value> IterateReversed(RenderContext context) => Iterate(context);

    public override Value? GetItem(RenderContext context, Value key) => throw Fail();

    public override Value Slice(RenderContext context, Slice slice) => throw Fail();

    public override Value? GetAttribute(RenderContext context, string name) => throw Fail();

    public override Value Call(RenderContext context, Arguments arguments) => throw Fail();

    public override void WriteText(TextBuilder builder)
    {
        // Prints as nothing.
    }

    public override void WriteRepresentation(TextBuilder builder) => builder.Append("Undefined");

    private string Message()
    {
        if (_hint is not null)
        {
            return _hint;
        }

        var name = _name switch
        {
            TextValue text => Characters.Quote(text.Text),
            IntegerValue or FloatValue or BooleanValue or NoneValue => _name.ToString()!,
            _ => $"of type {_name!.TypeName}",
        };
        var owner = _target is NoneValue ? "None" : $"{_target?.TypeName} object";
        return _target is null ? $"{name} is undefined" : _name is TextValue ? $"'{owner}' has no attribute {name}" : $"{owner} has no element {name}";
    }
}

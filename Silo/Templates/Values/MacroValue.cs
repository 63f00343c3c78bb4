using XLLM.Silo.Templates.Evaluation;
using XLLM.Silo.Templates.Syntax;

namespace XLLM.Silo.Templates.Values;

/// <summary>A macro, or the body of a call block as <c>caller</c>; calling it renders its body to a text.</summary>
/// <param name="name">Null for a caller.</param>
/// <param name="signature">Its parameters and body.</param>
/// <param name="scope">The variables around its definition.</param>
internal sealed class MacroValue(string? name, MacroSignature signature, Scope scope) : Value
{
    private string Quoted => name is null ? "None" : $"'{name}'";

    public override string TypeName => "Macro";

    public override bool IsCallable => true;

    public override Value? GetAttribute(RenderContext context, string attribute) => attribute switch
    {
        "name" => name is null ? NoneValue.Instance : new TextValue(name),
        "arguments" => new TupleValue([.. signature.Parameters.Select(parameter => new TextValue(parameter.Name))]),
        "catch_kwargs" => BooleanValue.Of(signature.KeywordsSlot >= 0),
        "catch_varargs" => BooleanValue.Of(signature.PositionalSlot >= 0),
        "caller" => BooleanValue.Of(signature.CallerSlot >= 0),
        "explicit_caller" => BooleanValue.Of(signature.HasExplicitCaller),
        _ => null,
    };

    public override Value Call(RenderContext context, Arguments arguments)
    {
        context.EnterCall();
        var line = context.Line;
        var output = context.Output;
        context.Output = new TextBuilder(context);
        try
        {
            var inner = signature.Layout!.Create(scope);
            Bind(context, inner, arguments);
            signature.Layout.Load(context, inner);
            SetDefaults(context, inner, arguments);
            signature.Body.Execute(context, inner);
            var text = new TextValue(context.Output.ToString(), context.AutoEscape);
            context.Line = line;
            return text;
        }
        finally
        {
            context.Output = output;
            context.LeaveCall();
        }
    }

    public override void WriteRepresentation(TextBuilder builder) => builder.Append($"<Macro {(name is null ? "anonymous" : Quoted)}>");

    private void Bind(RenderContext context, Scope inner, Arguments arguments)
    {
        var parameters = signature.Parameters;
        var keywords = new Dictionary<string, Value>(arguments.Keywords);
        for (var i = 0; i < parameters.Count; i++)
        {
            var value = i < arguments.Positional.Count ? arguments.Positional[i] : keywords.Remove(parameters[i].Name, out var named) ? named : null;
            inner[parameters[i].Place.Slot] = value;
        }

        if (signature.CallerSlot >= 0)
        {
            inner[signature.CallerSlot] = keywords.Remove("caller", out var caller) && caller is not NoneValue ? caller : UndefinedValue.Because("No caller defined");
        }

        if (signature.KeywordsSlot >= 0)
        {
            var rest = new DictionaryValue(context);
            foreach (var (key, value) in arguments.Keywords.Where(keyword => keywords.ContainsKey(keyword.Key)))
            {
                rest.Set(new TextValue(key), value);
            }

            inner[signature.KeywordsSlot] = rest;
        }
        else if (keywords.Count > 0)
        {
            throw new TemplateFault(keywords.ContainsKey("caller")
                ? $"macro {Quoted} was invoked with two values for the special caller argument. This is most likely a bug."
                : $"macro {Quoted} takes no keyword argument '{keywords.Keys.First()}'");
        }

        if (signature.PositionalSlot >= 0)
        {
            inner[signature.PositionalSlot] = new TupleValue([.. arguments.Positional.Skip(parameters.Count)]);
        }
        else if (arguments.Positional.Count > parameters.Count)
        {
            throw new TemplateFault($"macro {Quoted} takes not more than {parameters.Count} argument(s)");
        }
    }

    // A default may use the parameters before it, so it is evaluated inside.
    private void SetDefaults(RenderContext context, Scope inner, Arguments arguments)
    {
        for (var i = arguments.Positional.Count; i < signature.Parameters.Count; i++)
        {
            var parameter = signature.Parameters[i];
            inner[parameter.Place.Slot] ??= signature.Default(i)?.Evaluate(context, inner)
                ?? UndefinedValue.Because($"parameter '{parameter.Name}' was not provided");
        }
    }
}

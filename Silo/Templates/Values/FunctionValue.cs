using XLLM.Silo.Templates.Evaluation;

namespace XLLM.Silo.Templates.Values;

/// <summary>A function or a method of another value.</summary>
/// <param name="name">For printing.</param>
/// <param name="call">What it does.</param>
/// <param name="typeName">Python's type.</param>
internal sealed class FunctionValue(string name, Func<RenderContext, Arguments, Value> call, string typeName = "builtin_function_or_method") : Value
{
    public override string TypeName => typeName;

    public override bool IsCallable => true;

    public override Value? GetAttribute(RenderContext context, string attribute) =>
        (name, attribute) == ("dict", "fromkeys") ? new FunctionValue("dict.fromkeys", DictionaryValue.FromKeys) : null;

    public override Value Call(RenderContext context, Arguments arguments) => call(context, arguments);

    public override void WriteRepresentation(TextBuilder builder) => builder.Append(typeName == "type" ? $"<class '{name}'>" : $"<{typeName} {name}>");
}

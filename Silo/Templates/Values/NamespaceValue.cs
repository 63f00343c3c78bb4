using XLLM.Silo.Templates.Evaluation;

namespace XLLM.Silo.Templates.Values;

/// <summary>What <c>namespace()</c> makes: attributes that templates may set, also from inside of loops.</summary>
internal sealed class NamespaceValue(DictionaryValue attributes) : Value
{
    public override string TypeName => "Namespace";

    public void Set(string name, Value value) => attributes.Set(new TextValue(name), value);

    public override Value? GetAttribute(RenderContext context, string name) => attributes.Find(new TextValue(name));

    public override void WriteRepresentation(TextBuilder builder)
    {
        // A namespace may hold itself.
        builder.Context.EnterCall();
        builder.Append("<Namespace ");
        attributes.WriteRepresentation(builder);
        builder.Append('>');
        builder.Context.LeaveCall();
    }
}

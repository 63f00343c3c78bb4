using XLLM.Silo.Templates.Evaluation;

namespace XLLM.Silo.Templates.Values;

/// <summary>A generator or another iterator: its items come once, when asked for.</summary>
/// <param name="typeName">Python's type.</param>
/// <param name="items">What it yields.</param>
internal sealed class IteratorValue(string typeName, IEnumerator<Value> items) : Value
{
    public override string TypeName => typeName;

    public override bool IsIterable => true;

    public override IEnumerator<Value> Iterate(RenderContext context) => items;

    public override void WriteRepresentation(TextBuilder builder) => builder.Append($"<{typeName} object at 0x0>");
}

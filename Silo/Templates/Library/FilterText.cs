using XLLM.Silo.Templates.Evaluation;
using XLLM.Silo.Templates.Values;

namespace XLLM.Silo.Templates.Library;

/// <summary>What filters take for a text.</summary>
internal static class FilterText
{
    /// <summary>Markup and text as they are, other values as <c>str</c> gives them.</summary>
    public static TextValue Soft(RenderContext context, Value value) => value as TextValue ?? new TextValue(context.Text(value));
}

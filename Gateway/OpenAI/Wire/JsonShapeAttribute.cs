namespace XLLM.Gateway.OpenAI.Wire;

/// <summary>What JSON a field of several shapes may hold: the OpenAPI document says so with <c>anyOf</c>.</summary>
/// <param name="shapes">JSON types; "string[]" is an array of strings. "object" stands for any object.</param>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class JsonShapeAttribute(params string[] shapes) : Attribute
{
    /// <summary>The shapes.</summary>
    public string[] Shapes => shapes;
}

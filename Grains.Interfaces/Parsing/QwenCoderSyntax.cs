namespace XLLM.Grains.Interfaces.Parsing;

/// <summary>Qwen3-Coder and Qwen3.5: <c>&lt;tool_call&gt;&lt;function=f&gt;&lt;parameter=p&gt;value&lt;/parameter&gt;&lt;/function&gt;&lt;/tool_call&gt;</c>, each value on lines of its own.</summary>
/// <remarks>Values have no quotes: the tool's schema tells strings from others. A parameter that it does not declare is a string.</remarks>
internal sealed class QwenCoderSyntax : ToolCallSyntax
{
    private static readonly ElementCallMarks Marks = new()
    {
        SectionBegin = "<tool_call>",
        CallBegin = "<function=",
        NameEnd = ">",
        ParameterBegin = "<parameter=",
        KeyEnds = [(">", null)],
        ParameterEnd = "</parameter>",
        CallEnd = "</function>",
        SectionEnd = "</tool_call>",
        Undeclared = JsonTypes.String,
        OwnLines = true,
    };

    /// <inheritdoc/>
    public override string Opening(string? functionName) =>
        Marks.SectionBegin + "\n" + Marks.CallBegin + (functionName is null ? "" : functionName + Marks.NameEnd);

    internal override TextStage CreateStage(ChatEventWriter writer, string toolsJson)
    {
        var types = new ToolParameterTypes(toolsJson);
        return new MarkedCallStage(writer, Marks.SectionBegin, () => new ElementCallReader(writer, types, Marks));
    }
}

namespace XLLM.Grains.Interfaces.Parsing;

/// <summary>DeepSeek-V3.2 (DSML): a block of <c>invoke</c> elements with a name, in each <c>parameter</c> elements that say whether their value is a string or JSON.</summary>
/// <remarks>Where a parameter does not say, the tool's schema does; where that does not either, the value is JSON if it can be.</remarks>
internal sealed class DeepSeekV32Syntax : ToolCallSyntax
{
    private static readonly ElementCallMarks Marks = new()
    {
        SectionBegin = "<｜DSML｜function_calls>",
        CallBegin = "<｜DSML｜invoke name=\"",
        NameEnd = "\">",
        ParameterBegin = "<｜DSML｜parameter name=\"",
        KeyEnds = [("\" string=\"true\">", JsonTypes.String), ("\" string=\"false\">", JsonTypes.NotString), ("\">", null)],
        ParameterEnd = "</｜DSML｜parameter>",
        CallEnd = "</｜DSML｜invoke>",
        SectionEnd = "</｜DSML｜function_calls>",
        Undeclared = JsonTypes.Any,
    };

    /// <inheritdoc/>
    /// <remarks>Not every packaging of the tokenizer marks these tokens as special, but where one does, the calls would be lost without them.</remarks>
    public override bool NeedsSpecialTokens => true;

    /// <inheritdoc/>
    public override string Opening(string? functionName) =>
        Marks.SectionBegin + "\n" + Marks.CallBegin + (functionName is null ? "" : functionName + Marks.NameEnd);

    internal override TextStage CreateStage(ChatEventWriter writer, string toolsJson)
    {
        var types = new ToolParameterTypes(toolsJson);
        return new MarkedCallStage(writer, Marks.SectionBegin, () => new ElementCallReader(writer, types, Marks));
    }
}

namespace XLLM.Grains.Interfaces.Parsing;

/// <summary>DeepSeek-V3.1: a section of calls, each the name and, behind a separator, the arguments as a JSON object.</summary>
internal sealed class DeepSeekV31Syntax : ToolCallSyntax
{
    private static readonly JsonCallMarks Marks = new()
    {
        SectionBegin = "<｜tool▁calls▁begin｜>",
        CallBegin = "<｜tool▁call▁begin｜>",
        NameEnd = "<｜tool▁sep｜>",
        CallEnd = "<｜tool▁call▁end｜>",
        SectionEnd = "<｜tool▁calls▁end｜>",
    };

    /// <inheritdoc/>
    /// <remarks>Not every packaging of the tokenizer marks these tokens as special, but where one does, the calls would be lost without them.</remarks>
    public override bool NeedsSpecialTokens => true;

    /// <inheritdoc/>
    public override string Opening(string? functionName) =>
        Marks.SectionBegin + Marks.CallBegin + (functionName is null ? "" : functionName + Marks.NameEnd);

    internal override TextStage CreateStage(ChatEventWriter writer, string toolsJson) =>
        new MarkedCallStage(writer, Marks.SectionBegin, () => new JsonCallReader(writer, Marks));
}

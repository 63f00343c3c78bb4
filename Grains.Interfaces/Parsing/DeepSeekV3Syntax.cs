namespace XLLM.Grains.Interfaces.Parsing;

/// <summary>DeepSeek-V3 and R1: a section of calls, each the word <c>function</c>, the name, and the arguments as a fenced JSON block.</summary>
internal sealed class DeepSeekV3Syntax : ToolCallSyntax
{
    private static readonly JsonCallMarks Marks = new()
    {
        SectionBegin = "<｜tool▁calls▁begin｜>",
        CallBegin = "<｜tool▁call▁begin｜>",
        KindEnd = "<｜tool▁sep｜>",
        NameEnd = "```json",
        Fence = "```",
        CallEnd = "<｜tool▁call▁end｜>",
        SectionEnd = "<｜tool▁calls▁end｜>",
    };

    /// <inheritdoc/>
    /// <remarks>Not every packaging of the tokenizer marks these tokens as special, but where one does, the calls would be lost without them.</remarks>
    public override bool NeedsSpecialTokens => true;

    /// <inheritdoc/>
    public override string Opening(string? functionName) =>
        Marks.SectionBegin + Marks.CallBegin + "function" + Marks.KindEnd + (functionName is null ? "" : functionName + "\n" + Marks.NameEnd);

    internal override TextStage CreateStage(ChatEventWriter writer, string toolsJson) =>
        new MarkedCallStage(writer, Marks.SectionBegin, () => new JsonCallReader(writer, Marks));
}

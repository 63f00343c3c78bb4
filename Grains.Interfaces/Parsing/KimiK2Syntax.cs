namespace XLLM.Grains.Interfaces.Parsing;

/// <summary>Kimi-K2: a section of calls, each an id <c>functions.name:number</c>, which is also the call's id in the answer, and the arguments as a JSON object.</summary>
internal sealed class KimiK2Syntax : ToolCallSyntax
{
    private const string Prefix = "functions.";

    private static readonly JsonCallMarks Marks = new()
    {
        SectionBegin = "<|tool_calls_section_begin|>",
        CallBegin = "<|tool_call_begin|>",
        NameEnd = "<|tool_call_argument_begin|>",
        CallEnd = "<|tool_call_end|>",
        SectionEnd = "<|tool_calls_section_end|>",
        ReadHeader = ReadHeader,
    };

    /// <inheritdoc/>
    /// <remarks>Not every packaging of the tokenizer marks these tokens as special, but where one does, the calls would be lost without them.</remarks>
    public override bool NeedsSpecialTokens => true;

    /// <inheritdoc/>
    /// <remarks>The model writes the number itself: it counts the calls of the whole conversation.</remarks>
    public override string Opening(string? functionName) =>
        Marks.SectionBegin + Marks.CallBegin + Prefix + (functionName is null ? "" : functionName + ":");

    internal override TextStage CreateStage(ChatEventWriter writer, string toolsJson) =>
        new MarkedCallStage(writer, Marks.SectionBegin, () => new JsonCallReader(writer, Marks));

    /// <summary>A header that is not in the full form still names the function, but is no id.</summary>
    private static (string Name, string? Id) ReadHeader(string header)
    {
        var hasPrefix = header.StartsWith(Prefix, StringComparison.Ordinal);
        var name = hasPrefix ? header[Prefix.Length..] : header;
        var colon = name.LastIndexOf(':');
        var isNumbered = colon >= 0 && name.AsSpan(colon + 1).IndexOfAnyExceptInRange('0', '9') < 0;
        var hasNumber = isNumbered && colon + 1 < name.Length;
        return (isNumbered ? name[..colon] : name, hasPrefix && hasNumber ? header : null);
    }
}

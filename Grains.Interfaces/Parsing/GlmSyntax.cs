namespace XLLM.Grains.Interfaces.Parsing;

/// <summary>GLM-4.5 to 5: <c>&lt;tool_call&gt;name&lt;arg_key&gt;k&lt;/arg_key&gt;&lt;arg_value&gt;v&lt;/arg_value&gt;&lt;/tool_call&gt;</c>. 4.5 and 4.6 put the tags on lines of their own, 4.7 and later write no white space; both are read.</summary>
/// <remarks>Strings have no quotes, other values are JSON: the tool's schema tells them apart. A value that it does not declare is JSON if it can be.</remarks>
internal sealed class GlmSyntax : ToolCallSyntax
{
    private const string CallBegin = "<tool_call>";
    private const string CallEnd = "</tool_call>";
    private const string KeyBegin = "<arg_key>";
    private const string KeyEnd = "</arg_key>";
    private const string ValueBegin = "<arg_value>";
    private const string ValueEnd = "</arg_value>";

    /// <inheritdoc/>
    public override string Opening(string? functionName) => CallBegin + functionName;

    internal override TextStage CreateStage(ChatEventWriter writer, string toolsJson)
    {
        var types = new ToolParameterTypes(toolsJson);
        return new MarkedCallStage(writer, CallBegin, () => new Reader(writer, types));
    }

    private sealed class Reader : ParameterCallReader
    {
        public Reader(ChatEventWriter writer, ToolParameterTypes types)
            : base(writer, types) => TakeName(
                (name, mark) =>
                {
                    BeginArguments(name);
                    return BeginParameter(mark);
                },
                KeyBegin,
                CallEnd);

        private bool BeginParameter(string mark)
        {
            if (mark == CallEnd)
            {
                EndArguments();
                return End();
            }

            MarkShown();
            TakeKey(_ => Enter(() => Expect(BeginValue, ValueBegin)), KeyEnd);
            return true;
        }

        private bool BeginValue(string mark) => Enter(() => TakeValue(null, JsonTypes.Any, ownLines: false, EndValue, ValueEnd));

        private bool EndValue(string mark) => Enter(() => Expect(BeginParameter, KeyBegin, CallEnd));

        private static bool Enter(Action state)
        {
            state();
            return true;
        }
    }
}

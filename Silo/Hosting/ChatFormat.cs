using XLLM.Grains.Interfaces.Parsing;

namespace XLLM.Silo.Hosting;

/// <summary>Which tool-call and reasoning syntax a model's output has: told from the text of its chat template, or by option. Pure.</summary>
/// <param name="ToolCalls">Name in <see cref="ToolCallParsers"/>, or null.</param>
/// <param name="Reasoning">Name in <see cref="ReasoningParsers"/>, or null.</param>
internal readonly record struct ChatFormat(string? ToolCalls, string? Reasoning)
{
    private const string None = "none";

    /// <summary>Marks in a template, all of which must be there, and the syntax that they give away; the first that fits counts, so the most specific come first.</summary>
    private static readonly (string[] Marks, string Name)[] ToolCallMarks =
    [
        (["DSML", "'function_calls>"], "deepseek_v32"),
        (["<｜tool▁call▁begin｜>", "```json"], "deepseek_v3"),
        (["<｜tool▁call▁begin｜>"], "deepseek_v31"),
        (["<|tool_calls_section_begin|>"], "kimi_k2"),
        (["<tool_call>", "<function=", "<parameter="], "qwen3_coder"),
        (["<tool_call>{function-name}<arg_key>"], "glm47"),
        (["<tool_call>", "<arg_key>"], "glm45"),
        (["<tool_call>"], "hermes"),
    ];

    /// <summary>Likewise for reasoning. DeepSeek's templates from V3.1 on switch it by a variable; R1's always opens it.</summary>
    private static readonly (string[] Marks, string Name)[] ReasoningMarks =
    [
        (["<think>", "<｜Assistant｜>", "thinking is defined"], "deepseek_v3"),
        (["<think>", "<｜Assistant｜>"], "deepseek_r1"),
        (["<think>", "[gMASK]"], "glm45"),
        (["<think>", "<|im_middle|>"], "kimi"),
        (["◁think▷"], "kimi"),
        (["<think>"], "qwen3"),
    ];

    /// <summary>Chooses.</summary>
    /// <param name="template">Source of the chat template; empty where there is none.</param>
    /// <param name="toolCalls">Option: a name, <c>none</c>, or empty to be told from the template.</param>
    /// <param name="reasoning">Option: likewise.</param>
    /// <exception cref="StartException">No syntax has that name.</exception>
    public static ChatFormat Choose(string template, string toolCalls, string reasoning) => new(
        Choose(template, toolCalls, ToolCallMarks, ToolCallParsers.Names, "--tool-call-parser"),
        Choose(template, reasoning, ReasoningMarks, ReasoningParsers.Names, "--reasoning-parser"));

    /// <summary>The marks in a template that its syntax of tool calls was told by; empty: none.</summary>
    public static IReadOnlyList<string> ToolCallMarksOf(string template) => Found(template, ToolCallMarks).Marks ?? [];

    /// <summary>The marks in a template that its syntax of reasoning was told by; empty: none.</summary>
    public static IReadOnlyList<string> ReasoningMarksOf(string template) => Found(template, ReasoningMarks).Marks ?? [];

    private static (string[] Marks, string Name) Found(string template, (string[] Marks, string Name)[] marks) =>
        marks.FirstOrDefault(syntax => syntax.Marks.All(mark => template.Contains(mark, StringComparison.Ordinal)));

    private static string? Choose(string template, string option, (string[] Marks, string Name)[] marks, IEnumerable<string> names, string flag)
    {
        if (option == None)
        {
            return null;
        }

        if (option.Length > 0)
        {
            return names.Contains(option)
                ? option
                : throw new StartException($"{flag} {option}: no such syntax; there are: {string.Join(", ", names)}, {None}");
        }

        var found = Found(template, marks).Name;
        return found is not null && names.Contains(found) ? found : null;
    }
}

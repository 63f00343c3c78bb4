using XLLM.Grains.Interfaces.Parsing;

namespace XLLM.Silo.Hosting;

/// <summary>Which tool-call and reasoning syntax a model's output has: told from the text of its chat template, or by option. Pure.</summary>
/// <param name="ToolCalls">Name in <see cref="ToolCallParsers"/>, or null.</param>
/// <param name="Reasoning">Name in <see cref="ReasoningParsers"/>, or null.</param>
internal readonly record struct ChatFormat(string? ToolCalls, string? Reasoning)
{
    private const string None = "none";

    /// <summary>Marks in a template and the syntax that they give away; the first that fits counts.</summary>
    private static readonly (string Mark, string Name)[] ToolCallMarks = [("<tool_call>", "hermes")];

    private static readonly (string Mark, string Name)[] ReasoningMarks = [("<think>", "qwen3")];

    /// <summary>Chooses.</summary>
    /// <param name="template">Source of the chat template; empty where there is none.</param>
    /// <param name="toolCalls">Option: a name, <c>none</c>, or empty to be told from the template.</param>
    /// <param name="reasoning">Option: likewise.</param>
    /// <exception cref="StartException">No syntax has that name.</exception>
    public static ChatFormat Choose(string template, string toolCalls, string reasoning) => new(
        Choose(template, toolCalls, ToolCallMarks, ToolCallParsers.Names, "--tool-call-parser"),
        Choose(template, reasoning, ReasoningMarks, ReasoningParsers.Names, "--reasoning-parser"));

    private static string? Choose(string template, string option, (string Mark, string Name)[] marks, IEnumerable<string> names, string flag)
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

        var found = marks.FirstOrDefault(mark => template.Contains(mark.Mark, StringComparison.Ordinal)).Name;
        return found is not null && names.Contains(found) ? found : null;
    }
}

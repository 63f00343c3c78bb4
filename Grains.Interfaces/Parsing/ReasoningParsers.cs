using System.Collections.Frozen;

namespace XLLM.Grains.Interfaces.Parsing;

/// <summary>The reasoning syntaxes that can be taken apart, by name. A syntax is a class and a line here.</summary>
public static class ReasoningParsers
{
    private static readonly FrozenDictionary<string, ReasoningSyntax> Syntaxes = new Dictionary<string, ReasoningSyntax>
    {
        ["kimi"] = new KimiThinkSyntax(),
        ["qwen3"] = new ThinkTagSyntax(),
        ["deepseek_r1"] = new ThinkTagSyntax(),
        ["deepseek_v3"] = new ThinkTagSyntax(),
        ["glm45"] = new ThinkTagSyntax(),
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>All names, sorted.</summary>
    public static IEnumerable<string> Names => Syntaxes.Keys.Order(StringComparer.Ordinal);

    /// <summary>The syntax of a name.</summary>
    /// <exception cref="ArgumentException">There is none; the message lists those that are.</exception>
    public static ReasoningSyntax Get(string name) => Syntaxes.TryGetValue(name, out var syntax)
        ? syntax
        : throw new ArgumentException($"no reasoning syntax '{name}'; there are: {string.Join(", ", Names)}", nameof(name));
}

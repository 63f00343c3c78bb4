using System.Collections.Frozen;

namespace XLLM.Grains.Interfaces.Parsing;

/// <summary>The tool-call syntaxes that can be taken apart, by name. A syntax is a class and a line here.</summary>
public static class ToolCallParsers
{
    private static readonly FrozenDictionary<string, ToolCallSyntax> Syntaxes = new Dictionary<string, ToolCallSyntax>
    {
        ["deepseek_v3"] = new DeepSeekV3Syntax(),
        ["deepseek_v31"] = new DeepSeekV31Syntax(),
        ["deepseek_v32"] = new DeepSeekV32Syntax(),
        ["glm45"] = new GlmSyntax(),
        ["glm47"] = new GlmSyntax(),
        ["hermes"] = new HermesSyntax(),
        ["kimi_k2"] = new KimiK2Syntax(),
        ["qwen25"] = new HermesSyntax(),
        ["qwen3_coder"] = new QwenCoderSyntax(),
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>All names, sorted.</summary>
    public static IEnumerable<string> Names => Syntaxes.Keys.Order(StringComparer.Ordinal);

    /// <summary>The syntax of a name.</summary>
    /// <exception cref="ArgumentException">There is none; the message lists those that are.</exception>
    public static ToolCallSyntax Get(string name) => Syntaxes.TryGetValue(name, out var syntax)
        ? syntax
        : throw new ArgumentException($"no tool-call syntax '{name}'; there are: {string.Join(", ", Names)}", nameof(name));
}

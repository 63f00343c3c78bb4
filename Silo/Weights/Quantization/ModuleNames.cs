using System.Text.RegularExpressions;

namespace XLLM.Silo.Weights.Quantization;

/// <summary>Names of modules as quantization configurations write them: whole names, last parts of names, or "re:" and a regular expression.</summary>
internal static class ModuleNames
{
    private const string Pattern = "re:";

    /// <summary>Last parts of names of matrices that every published recipe leaves alone: tables, heads, and routers of experts, whose small errors choose another expert.</summary>
    private static readonly string[] NeverQuantized = ["embed_tokens", "lm_head", "gate", "shared_expert_gate", "router"];

    /// <summary>Whether one of the names means this module.</summary>
    /// <param name="names">As in the configuration; the expressions were checked by <see cref="Check"/>.</param>
    /// <param name="module">Full name.</param>
    public static bool Contain(IEnumerable<string> names, string module) => names.Any(name => name.StartsWith(Pattern, StringComparison.Ordinal)
        ? Expression(name).IsMatch(module)
        : module == name || module.EndsWith($".{name}", StringComparison.Ordinal) || module.StartsWith($"{name}.", StringComparison.Ordinal));

    /// <summary>Whether recipes usually leave this module alone: what decides where no tensors are there that could tell.</summary>
    public static bool IsUsuallyDense(string module) => NeverQuantized.Contains(module[(module.LastIndexOf('.') + 1)..]);

    /// <summary>Checks the expressions.</summary>
    /// <exception cref="CheckpointException">One is not valid, or needs backtracking, which a file from elsewhere could make endless.</exception>
    public static IReadOnlyList<string> Check(ModelConfigReader section, string field)
    {
        var names = section.Texts(field);
        foreach (var name in names.Where(name => name.StartsWith(Pattern, StringComparison.Ordinal)))
        {
            try
            {
                Expression(name);
            }
            catch (Exception exception) when (exception is ArgumentException or NotSupportedException)
            {
                throw section.Fault(field, $"has \"{name}\", which is no regular expression without backtracking: {exception.Message}");
            }
        }

        return names;
    }

    // Expressions match from the start of a name, as Python's re.match does.
    private static Regex Expression(string name) => new($"^(?:{name[Pattern.Length..]})", RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
}

using XLLM.Silo.Weights;

namespace XLLM.Silo.Models;

/// <summary>Architecture name to what builds the draft model that such a folder holds. A new kind is one line here.</summary>
internal static class DraftRegistry
{
    private static readonly Dictionary<string, Func<ModelConfigReader, Checkpoint, IDraftTarget, IDraftModel>> Kinds = new(StringComparer.Ordinal)
    {
        ["DeepseekV32ForCausalLM"] = DeepSeek.CreateV32Draft,
        ["DeepseekV3ForCausalLM"] = DeepSeek.CreateV3Draft,
        ["Glm4MoeForCausalLM"] = Glm4Moe.CreateDraft,
        ["Glm4MoeLiteForCausalLM"] = DeepSeek.CreateGlmFlashDraft,
        ["LlamaForCausalLMEagle3"] = Eagle3.Create,
    };

    /// <summary>Every architecture that has a draft model, in order of name.</summary>
    public static IReadOnlyList<string> Architectures { get; } = [.. Kinds.Keys.Order(StringComparer.Ordinal)];

    /// <summary>Finds what builds a draft model.</summary>
    /// <param name="architecture">As config.json spells it.</param>
    /// <param name="file">Path of config.json, for the message.</param>
    /// <exception cref="UnsupportedModelException">No such kind; the message lists those there are.</exception>
    public static Func<ModelConfigReader, Checkpoint, IDraftTarget, IDraftModel> Find(string architecture, string file) =>
        Kinds.TryGetValue(architecture, out var create)
            ? create
            : throw new UnsupportedModelException($"{file}: architecture \"{architecture}\" has no draft model that is supported; supported: {string.Join(", ", Architectures)}");
}

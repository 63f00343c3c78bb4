using XLLM.Silo.Weights;

namespace XLLM.Silo.Models;

/// <summary>Architecture name (as in config.json's <c>architectures</c>) to the family that builds it. A new model is one line here.</summary>
internal static class ModelRegistry
{
    private static readonly Dictionary<string, Func<ModelConfigReader, Checkpoint, ICausalModel>> Families = new(StringComparer.Ordinal)
    {
        ["DeepseekV2ForCausalLM"] = DeepSeek.CreateV2,
        ["DeepseekV32ForCausalLM"] = DeepSeek.CreateV32,
        ["DeepseekV3ForCausalLM"] = DeepSeek.CreateV3,
        ["Glm4ForCausalLM"] = Glm4.Create,
        ["Glm4MoeForCausalLM"] = Glm4Moe.Create,
        ["Glm4vForConditionalGeneration"] = Glm4v.Create,
        ["Glm4vMoeForConditionalGeneration"] = Glm4v.CreateExperts,
        ["Glm4MoeLiteForCausalLM"] = DeepSeek.CreateGlmFlash,
        ["GlmMoeDsaForCausalLM"] = DeepSeek.CreateGlm5,
        ["LlamaForCausalLM"] = Llama.Create,
        ["MistralForCausalLM"] = Llama.Create,
        ["Qwen2_5_VLForConditionalGeneration"] = QwenVl.Create25,
        ["Qwen2VLForConditionalGeneration"] = QwenVl.Create2,
        ["Qwen3VLForConditionalGeneration"] = QwenVl.Create3,
        ["Qwen3VLMoeForConditionalGeneration"] = QwenVl.Create3Experts,
        ["Qwen2ForCausalLM"] = Llama.CreateQwen2,
        ["Qwen3ForCausalLM"] = Qwen3.Create,
        ["Qwen3MoeForCausalLM"] = Qwen3.CreateExperts,
        ["Qwen3NextForCausalLM"] = Qwen3Next.Create,
        ["Qwen3_5ForCausalLM"] = Qwen3Next.CreateQwen35Text,
        ["Qwen3_5ForConditionalGeneration"] = Qwen3Next.CreateQwen35,
        ["Qwen3_5MoeForCausalLM"] = Qwen3Next.CreateQwen35ExpertsText,
        ["Qwen3_5MoeForConditionalGeneration"] = Qwen3Next.CreateQwen35Experts,
    };

    /// <summary>Every architecture that can be built, in order of name.</summary>
    public static IReadOnlyList<string> Architectures { get; } = [.. Families.Keys.Order(StringComparer.Ordinal)];

    /// <summary>Finds the family of an architecture.</summary>
    /// <param name="architecture">As config.json spells it.</param>
    /// <param name="file">Path of config.json, for the message.</param>
    /// <exception cref="UnsupportedModelException">No such family; the message lists those there are.</exception>
    public static Func<ModelConfigReader, Checkpoint, ICausalModel> Find(string architecture, string file) =>
        Families.TryGetValue(architecture, out var create)
            ? create
            : throw new UnsupportedModelException($"{file}: architecture \"{architecture}\" is not supported; supported: {string.Join(", ", Architectures)}");
}

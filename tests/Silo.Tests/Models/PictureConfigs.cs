using System.Text;
using System.Text.Json.Nodes;
using XLLM.Silo.Weights;

namespace XLLM.Silo.Tests.Models;

/// <summary>config.json of very small models that read pictures, of every family, for tests to change.</summary>
internal static class PictureConfigs
{
    /// <summary>The token that stands for pictures.</summary>
    public const int Token = 97;

    /// <summary>Names of the families.</summary>
    public static IReadOnlyList<string> Names { get; } = ["qwen2", "qwen2.5", "qwen3", "qwen3 experts", "glm", "glm experts"];

    public static JsonObject Of(string name) => name switch
    {
        "qwen2" => Flat("Qwen2VLForConditionalGeneration", Vision().With("embed_dim", 24).With("mlp_ratio", 3).With("hidden_size", 32)),
        "qwen2.5" => Flat("Qwen2_5_VLForConditionalGeneration", Vision().With("hidden_size", 24).With("intermediate_size", 40).With("out_hidden_size", 32).With("window_size", 16).With("fullatt_block_indexes", new JsonArray(1))),
        "qwen3" => Nested("Qwen3VLForConditionalGeneration", Text().With("rope_scaling", Rope(2, 1, 1).With("mrope_interleaved", true)), Qwen3()),
        "qwen3 experts" => Nested(
            "Qwen3VLMoeForConditionalGeneration",
            Text().With("rope_scaling", Rope(2, 1, 1)).With("num_experts", 6).With("num_experts_per_tok", 2).With("moe_intermediate_size", 16).With("mlp_only_layers", new JsonArray(1)),
            Qwen3()),
        "glm" => Nested("Glm4vForConditionalGeneration", Text().With("head_dim", 16).With("partial_rotary_factor", 0.5).With("rope_scaling", Rope(2, 1, 1)), Glm()),
        "glm experts" => Nested(
            "Glm4vMoeForConditionalGeneration",
            Text().With("head_dim", 16).With("rope_scaling", Rope(2, 1, 1)).With("n_routed_experts", 6).With("num_experts_per_tok", 2).With("n_shared_experts", 1).With("moe_intermediate_size", 16).With("first_k_dense_replace", 1),
            Glm().With("attention_bias", true)),
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, "no such family"),
    };

    public static JsonObject With(this JsonObject section, string field, JsonNode? value)
    {
        section[field] = value;
        return section;
    }

    public static ModelConfigReader Reader(this JsonObject config) => ModelConfigReader.Parse("config.json", Encoding.UTF8.GetBytes(config.ToJsonString()));

    private static JsonObject Text() => new()
    {
        ["vocab_size"] = 100, ["hidden_size"] = 32, ["intermediate_size"] = 48, ["num_hidden_layers"] = 3, ["num_attention_heads"] = 4, ["num_key_value_heads"] = 2,
        ["head_dim"] = 8, ["rms_norm_eps"] = 1e-6, ["rope_theta"] = 10000.0, ["max_position_embeddings"] = 256,
    };

    private static JsonObject Rope(params int[] sections) => new() { ["rope_type"] = "default", ["mrope_section"] = new JsonArray([.. sections.Select(section => (JsonNode)section)]) };

    private static JsonObject Vision() => new() { ["depth"] = 3, ["num_heads"] = 2, ["patch_size"] = 4, ["spatial_merge_size"] = 2, ["temporal_patch_size"] = 2 };

    private static JsonObject Qwen3() => Vision().With("hidden_size", 24).With("intermediate_size", 40).With("out_hidden_size", 32).With("num_position_embeddings", 25).With("deepstack_visual_indexes", new JsonArray(0, 2));

    private static JsonObject Glm() => Vision().With("hidden_size", 24).With("intermediate_size", 40).With("out_hidden_size", 32).With("image_size", 20);

    private static JsonObject Flat(string architecture, JsonObject vision)
    {
        var config = Text().With("rope_scaling", new JsonObject { ["type"] = "mrope", ["mrope_section"] = new JsonArray(2, 1, 1) });
        return config.With("architectures", new JsonArray(architecture)).With("image_token_id", Token).With("vision_config", vision);
    }

    private static JsonObject Nested(string architecture, JsonObject text, JsonObject vision) => new JsonObject()
        .With("architectures", new JsonArray(architecture)).With("image_token_id", Token).With("text_config", text).With("vision_config", vision);
}

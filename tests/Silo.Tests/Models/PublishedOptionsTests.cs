using System.Text;
using System.Text.Json.Nodes;
using XLLM.Silo.Hosting.Verification;
using XLLM.Silo.Models;
using XLLM.Silo.Weights;
using XLLM.Testing;

namespace XLLM.Silo.Tests.Models;

/// <summary>The options of published models with experts, on sizes that a test can afford: random weights, a prompt in chunks and a decode, on every backend present.</summary>
public sealed class PublishedOptionsTests
{
    /// <summary>What is made small; everything else stays as published.</summary>
    private static readonly Dictionary<string, int> Sizes = new()
    {
        ["vocab_size"] = 300, ["hidden_size"] = 64, ["intermediate_size"] = 96, ["moe_intermediate_size"] = 32, ["num_hidden_layers"] = 5, ["num_attention_heads"] = 8,
        ["num_experts"] = 16, ["n_routed_experts"] = 16, ["q_lora_rank"] = 24, ["kv_lora_rank"] = 32, ["qk_nope_head_dim"] = 16, ["v_head_dim"] = 16,
        ["index_topk"] = 10, ["index_n_heads"] = 4, ["linear_num_key_heads"] = 2, ["linear_num_value_heads"] = 6, ["linear_key_head_dim"] = 24,
        ["shared_expert_intermediate_size"] = 40, ["image_token_id"] = 250, ["depth"] = 1, ["num_heads"] = 4, ["out_hidden_size"] = 64,
    };

    public static TheoryData<string, string> Cases => Backends.With(
        "Qwen__Qwen3-30B-A3B", "deepseek-ai__DeepSeek-V3.1", "deepseek-ai__DeepSeek-V3.2", "moonshotai__Kimi-K2-Instruct", "zai-org__GLM-4.5", "zai-org__GLM-4.7-Flash",
        "zai-org__GLM-5", "zai-org__GLM-5.2", "Qwen__Qwen3-Next-80B-A3B-Thinking", "Qwen__Qwen3.5-27B", "Qwen__Qwen3.5-35B-A3B", "Qwen__Qwen3.6-35B-A3B");

    [Theory]
    [MemberData(nameof(Cases))]
    public void TheOptions_RunInChunks_LikeTheWhole(string backendName, string name)
    {
        var path = Paths.TryShared("data", "configs", "hf", $"{name}.config.json");
        Assert.SkipWhen(path is null, $"../shared/data/configs/hf/{name}.config.json is missing");
        var config = JsonNode.Parse(File.ReadAllBytes(path!))!.AsObject();
        foreach (var section in new[] { config, config["text_config"] as JsonObject, config["vision_config"] as JsonObject }.OfType<JsonObject>())
        {
            foreach (var (field, value) in Sizes.Where(size => section.ContainsKey(size.Key)))
            {
                section[field] = value;
            }
        }

        using var backend = Backends.Open(backendName);
        var reader = ModelConfigReader.Parse(path!, Encoding.UTF8.GetBytes(config.ToJsonString()));
        var checkpoint = new Checkpoint(new DummySource(path!, seed: 1), backend);
        var model = ModelRegistry.Find(reader.Texts("architectures")[0], path!)(reader, checkpoint);
        checkpoint.Finish();
        using var runner = new ModelRunner(backend, model, sequences: 2, tokens: 40);
        var prompt = Enumerable.Range(7, 33).ToArray();

        var whole = runner.Step(runner.Start(), prompt);

        var sequence = runner.Start();
        float[] chunks = [.. runner.Step(sequence, prompt.AsMemory(0, 20)), .. runner.Step(sequence, prompt.AsMemory(20, 12)), .. runner.Step(sequence, prompt.AsMemory(32, 1))];
        Assert.Equal(33 * 300, whole.Length);
        Assert.All(whole, logit => Assert.True(float.IsFinite(logit)));
        Assert.True(whole.Max() - whole.Min() > 1e-3, "all logits are the same");
        Assert.Equal(whole, chunks);
    }
}

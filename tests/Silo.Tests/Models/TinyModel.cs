using System.Text;
using System.Text.Json.Nodes;
using XLLM.Silo.Tests.Weights;
using XLLM.Silo.Weights;

namespace XLLM.Silo.Tests.Models;

/// <summary>config.json and weights of a very small model, for tests to change and to damage.</summary>
internal sealed class TinyModel
{
    private const int Hidden = 24;
    private const int Intermediate = 40;
    private const int Vocabulary = 50;
    private const int QueryWidth = 4 * 8;
    private const int KvWidth = 2 * 8;

    private TinyModel(string architecture) => Config = new JsonObject
    {
        ["architectures"] = new JsonArray(architecture),
        ["model_type"] = "tiny",
        ["vocab_size"] = Vocabulary,
        ["hidden_size"] = Hidden,
        ["intermediate_size"] = Intermediate,
        ["num_hidden_layers"] = 2,
        ["num_attention_heads"] = 4,
        ["num_key_value_heads"] = 2,
        ["head_dim"] = 8,
        ["rms_norm_eps"] = 1e-6,
        ["rope_theta"] = 10000.0,
        ["max_position_embeddings"] = 256,
        ["eos_token_id"] = 2,
        ["tie_word_embeddings"] = false,
    };

    public JsonObject Config { get; }

    /// <summary>By name; everything that the architecture and the flags of <see cref="Config"/> need.</summary>
    public Dictionary<string, int[]> Shapes { get; } = [];

    public static TinyModel Llama(bool attentionBias = false, bool mlpBias = false)
    {
        var model = new TinyModel("LlamaForCausalLM");
        model.Config["attention_bias"] = attentionBias;
        model.Config["mlp_bias"] = mlpBias;
        return model.WithShapes(inputBias: attentionBias, outputBias: attentionBias, mlpBias, headNorms: false);
    }

    public static TinyModel Qwen2() => new TinyModel("Qwen2ForCausalLM").WithShapes(inputBias: true, outputBias: false, mlpBias: false, headNorms: false);

    public static TinyModel Qwen3() => Qwen3Like("Qwen3ForCausalLM");

    private static TinyModel Qwen3Like(string architecture) => new TinyModel(architecture).WithShapes(inputBias: false, outputBias: false, mlpBias: false, headNorms: true);

    /// <summary>Two layers, the first dense, the second with six experts unless the options say otherwise.</summary>
    public static TinyModel Qwen3Experts()
    {
        var model = Qwen3Like("Qwen3MoeForCausalLM").With("num_experts", 6).With("num_experts_per_tok", 2).With("moe_intermediate_size", 12).With("mlp_only_layers", new JsonArray(0));
        return model.WithExperts(layer: 1, experts: 6, intermediate: 12, shared: 0, bias: false);
    }

    /// <summary>GLM-4: norms before and after, gate and up in one matrix, half of each head turned.</summary>
    public static TinyModel Glm4(bool bias)
    {
        var model = new TinyModel("Glm4ForCausalLM").With("attention_bias", bias).With("partial_rotary_factor", 0.5).WithShapes(bias, outputBias: false, mlpBias: false, headNorms: false);
        for (var layer = 0; layer < 2; layer++)
        {
            var at = $"model.layers.{layer}";
            model.Shapes.Remove($"{at}.mlp.gate_proj.weight");
            model.Shapes.Remove($"{at}.mlp.up_proj.weight");
            model.Shapes[$"{at}.mlp.gate_up_proj.weight"] = [2 * Intermediate, Hidden];
            model.Shapes[$"{at}.post_self_attn_layernorm.weight"] = [Hidden];
            model.Shapes[$"{at}.post_mlp_layernorm.weight"] = [Hidden];
        }

        return model;
    }

    /// <summary>GLM-4.5: the second layer has six experts, of which two are shared.</summary>
    public static TinyModel Glm4Experts(bool headNorms, bool bias) => new TinyModel("Glm4MoeForCausalLM")
        .With("attention_bias", bias).With("use_qk_norm", headNorms).With("partial_rotary_factor", 0.5)
        .WithDeepSeekExperts(new JsonObject { ["n_shared_experts"] = 2, ["norm_topk_prob"] = true, ["routed_scaling_factor"] = 1.5 })
        .WithShapes(bias, outputBias: false, mlpBias: false, headNorms).WithExperts(layer: 1, experts: 6, intermediate: 12, shared: 2, bias: true);

    /// <summary>A model with latent attention: 16 plain, 8 turned and 12 value columns, latent vectors of 20.</summary>
    /// <param name="architecture">Of the DeepSeek kind.</param>
    /// <param name="queryRank">0: the queries are projected at once.</param>
    /// <param name="bias">Of the first projections and the output.</param>
    /// <param name="shared">Shared experts.</param>
    /// <param name="routing">Fields of config.json.</param>
    public static TinyModel Latent(string architecture, int queryRank, bool bias, int shared, JsonObject routing)
    {
        var model = new TinyModel(architecture).With("num_key_value_heads", 4).With("head_dim", 8).With("attention_bias", bias)
            .With("q_lora_rank", queryRank == 0 ? null : queryRank).With("kv_lora_rank", 20).With("qk_nope_head_dim", 16).With("qk_rope_head_dim", 8).With("v_head_dim", 12)
            .With("n_shared_experts", shared).WithDeepSeekExperts(routing)
            .WithShapes(inputBias: false, outputBias: false, mlpBias: false, headNorms: false)
            .WithExperts(layer: 1, experts: 6, intermediate: 12, shared, bias: architecture != "DeepseekV2ForCausalLM");
        for (var layer = 0; layer < 2; layer++)
        {
            var at = $"model.layers.{layer}.self_attn";
            foreach (var name in new[] { "q_proj", "k_proj", "v_proj", "o_proj" })
            {
                model.Shapes.Remove($"{at}.{name}.weight");
            }

            if (queryRank == 0)
            {
                model.Linear($"{at}.q_proj", 4 * 24, Hidden, bias: false);
            }
            else
            {
                model.Linear($"{at}.q_a_proj", queryRank, Hidden, bias);
                model.Shapes[$"{at}.q_a_layernorm.weight"] = [queryRank];
                model.Linear($"{at}.q_b_proj", 4 * 24, queryRank, bias: false);
            }

            model.Linear($"{at}.kv_a_proj_with_mqa", 28, Hidden, bias);
            model.Shapes[$"{at}.kv_a_layernorm.weight"] = [20];
            model.Linear($"{at}.kv_b_proj", 4 * 28, 20, bias: false);
            model.Linear($"{at}.o_proj", Hidden, 4 * 12, bias);
        }

        return model;
    }

    /// <summary>As <see cref="Latent"/>, with an indexer of three heads of 10 columns in the first layers.</summary>
    public static TinyModel Sparse(string architecture, int most, int indexers = 2)
    {
        var model = Latent(architecture, 14, bias: false, shared: 1, new JsonObject { ["norm_topk_prob"] = true, ["routed_scaling_factor"] = 2.5 })
            .With("index_topk", most).With("index_n_heads", 3).With("index_head_dim", 10);
        for (var layer = 0; layer < indexers; layer++)
        {
            var at = $"model.layers.{layer}.self_attn.indexer";
            model.Linear($"{at}.wq_b", 30, 14, bias: false);
            model.Linear($"{at}.wk", 10, Hidden, bias: false);
            model.Linear($"{at}.weights_proj", 3, Hidden, bias: false);
            model.Shapes[$"{at}.k_norm.weight"] = [10];
            model.Shapes[$"{at}.k_norm.bias"] = [10];
        }

        return model;
    }

    /// <summary>Qwen3-Next: the first layer a gated delta net, the second gated attention with six experts and one that is shared.</summary>
    /// <param name="keyHeads">Heads of queries and keys of 6 columns.</param>
    /// <param name="valueHeads">Heads of values of 10 columns.</param>
    /// <param name="kernel">Width of the short convolution.</param>
    /// <param name="shared">Columns of the shared expert.</param>
    public static TinyModel Qwen3Next(int keyHeads = 2, int valueHeads = 4, int kernel = 4, int shared = 20)
    {
        var model = Delta("Qwen3NextForCausalLM", keyHeads, valueHeads, kernel)
            .With("num_experts", 6).With("num_experts_per_tok", 2).With("moe_intermediate_size", 12).With("mlp_only_layers", new JsonArray(0)).With("shared_expert_intermediate_size", shared)
            .WithExperts(layer: 1, experts: 6, intermediate: 12, shared: 0, bias: false);
        model.Linear("model.layers.0.linear_attn.in_proj_qkvz", (2 * keyHeads * 6) + (2 * valueHeads * 10), Hidden, bias: false);
        model.Linear("model.layers.0.linear_attn.in_proj_ba", 2 * valueHeads, Hidden, bias: false);
        model.SharedExpert("model.layers.1.mlp", shared);
        return model;
    }

    /// <summary>A dense Qwen3.5 that reads text alone: the first layer a gated delta net, the second gated attention.</summary>
    public static TinyModel Qwen35()
    {
        var model = Delta("Qwen3_5ForCausalLM", 1, 3, 3).With("layer_types", new JsonArray("linear_attention", "full_attention"));
        model.Linear("model.layers.0.linear_attn.in_proj_qkv", 12 + 30, Hidden, bias: false);
        model.Linear("model.layers.0.linear_attn.in_proj_z", 30, Hidden, bias: false);
        model.Linear("model.layers.0.linear_attn.in_proj_b", 3, Hidden, bias: false);
        model.Linear("model.layers.0.linear_attn.in_proj_a", 3, Hidden, bias: false);
        return model;
    }

    /// <summary>A Qwen3.5 that reads text alone, with six experts in each layer, all in two tensors.</summary>
    public static TinyModel Qwen35Experts()
    {
        var model = Qwen35().With("architectures", new JsonArray("Qwen3_5MoeForCausalLM")).With("intermediate_size", null)
            .With("num_experts", 6).With("num_experts_per_tok", 2).With("moe_intermediate_size", 12).With("shared_expert_intermediate_size", 20);
        for (var layer = 0; layer < 2; layer++)
        {
            var at = $"model.layers.{layer}.mlp";
            foreach (var name in new[] { "gate_proj", "up_proj", "down_proj" })
            {
                model.Shapes.Remove($"{at}.{name}.weight");
            }

            model.Shapes[$"{at}.gate.weight"] = [6, Hidden];
            model.Shapes[$"{at}.experts.gate_up_proj"] = [6, 24, Hidden];
            model.Shapes[$"{at}.experts.down_proj"] = [6, Hidden, 12];
            model.SharedExpert(at, 20);
        }

        return model;
    }

    /// <summary>What Qwen3-Next and Qwen3.5 have in common; the projections of the delta net are not there yet.</summary>
    private static TinyModel Delta(string architecture, int keyHeads, int valueHeads, int kernel)
    {
        var model = new TinyModel(architecture).With("partial_rotary_factor", 0.5).With("full_attention_interval", 2)
            .With("linear_num_key_heads", keyHeads).With("linear_num_value_heads", valueHeads).With("linear_key_head_dim", 6).With("linear_value_head_dim", 10).With("linear_conv_kernel_dim", kernel)
            .WithShapes(inputBias: false, outputBias: false, mlpBias: false, headNorms: true);
        foreach (var name in model.Shapes.Keys.Where(name => name.StartsWith("model.layers.0.self_attn.", StringComparison.Ordinal)).ToArray())
        {
            model.Shapes.Remove(name);
        }

        var channels = (2 * keyHeads * 6) + (valueHeads * 10);
        model.Shapes["model.layers.1.self_attn.q_proj.weight"] = [2 * QueryWidth, Hidden];
        model.Shapes["model.layers.0.linear_attn.conv1d.weight"] = [channels, 1, kernel];
        model.Shapes["model.layers.0.linear_attn.A_log"] = [valueHeads];
        model.Shapes["model.layers.0.linear_attn.dt_bias"] = [valueHeads];
        model.Shapes["model.layers.0.linear_attn.norm.weight"] = [10];
        model.Linear("model.layers.0.linear_attn.out_proj", Hidden, valueHeads * 10, bias: false);
        return model;
    }

    private void SharedExpert(string at, int intermediate)
    {
        if (intermediate > 0)
        {
            Network($"{at}.shared_expert", intermediate);
            Linear($"{at}.shared_expert_gate", 1, Hidden, bias: false);
        }
    }

    public TinyModel Tied()
    {
        Config["tie_word_embeddings"] = true;
        Shapes.Remove("lm_head.weight");
        return this;
    }

    public TinyModel With(string field, JsonNode? value)
    {
        Config[field] = value;
        return this;
    }

    public ModelConfigReader Reader() => ModelConfigReader.Parse("config.json", Encoding.UTF8.GetBytes(Config.ToJsonString()));

    public SafetensorsBuilder Weights(int seed = 1)
    {
        var random = new Random(seed);
        var builder = new SafetensorsBuilder();
        foreach (var (name, shape) in Shapes)
        {
            builder.AddRandom(random, name, shape);
        }

        return builder;
    }

    public void Write(string folder, int seed = 1)
    {
        File.WriteAllText(Path.Combine(folder, "config.json"), Config.ToJsonString());
        Weights(seed).Write(Path.Combine(folder, "model.safetensors"));
    }

    private TinyModel WithShapes(bool inputBias, bool outputBias, bool mlpBias, bool headNorms)
    {
        Shapes["model.embed_tokens.weight"] = [Vocabulary, Hidden];
        for (var layer = 0; layer < 2; layer++)
        {
            var at = $"model.layers.{layer}";
            Linear($"{at}.self_attn.q_proj", QueryWidth, Hidden, inputBias);
            Linear($"{at}.self_attn.k_proj", KvWidth, Hidden, inputBias);
            Linear($"{at}.self_attn.v_proj", KvWidth, Hidden, inputBias);
            Linear($"{at}.self_attn.o_proj", Hidden, QueryWidth, outputBias);
            Linear($"{at}.mlp.gate_proj", Intermediate, Hidden, mlpBias);
            Linear($"{at}.mlp.up_proj", Intermediate, Hidden, mlpBias);
            Linear($"{at}.mlp.down_proj", Hidden, Intermediate, mlpBias);
            Shapes[$"{at}.input_layernorm.weight"] = [Hidden];
            Shapes[$"{at}.post_attention_layernorm.weight"] = [Hidden];
            if (headNorms)
            {
                Shapes[$"{at}.self_attn.q_norm.weight"] = [8];
                Shapes[$"{at}.self_attn.k_norm.weight"] = [8];
            }
        }

        Shapes["model.norm.weight"] = [Hidden];
        Shapes["lm_head.weight"] = [Vocabulary, Hidden];
        return this;
    }

    private TinyModel WithDeepSeekExperts(JsonObject routing)
    {
        With("n_routed_experts", 6).With("num_experts_per_tok", 2).With("moe_intermediate_size", 12).With("first_k_dense_replace", 1);
        foreach (var (name, value) in routing)
        {
            Config[name] = value?.DeepClone();
        }

        return this;
    }

    /// <summary>Puts experts in the place of a layer's network.</summary>
    private TinyModel WithExperts(int layer, int experts, int intermediate, int shared, bool bias)
    {
        var at = $"model.layers.{layer}.mlp";
        foreach (var name in new[] { "gate_proj", "up_proj", "down_proj" })
        {
            Shapes.Remove($"{at}.{name}.weight");
        }

        Shapes[$"{at}.gate.weight"] = [experts, Hidden];
        if (bias)
        {
            Shapes[$"{at}.gate.e_score_correction_bias"] = [experts];
        }

        for (var e = 0; e < experts; e++)
        {
            Network($"{at}.experts.{e}", intermediate);
        }

        if (shared > 0)
        {
            Network($"{at}.shared_experts", shared * intermediate);
        }

        return this;
    }

    private void Network(string at, int intermediate)
    {
        Linear($"{at}.gate_proj", intermediate, Hidden, bias: false);
        Linear($"{at}.up_proj", intermediate, Hidden, bias: false);
        Linear($"{at}.down_proj", Hidden, intermediate, bias: false);
    }

    private void Linear(string name, int outputs, int inputs, bool bias)
    {
        Shapes[$"{name}.weight"] = [outputs, inputs];
        if (bias)
        {
            Shapes[$"{name}.bias"] = [outputs];
        }
    }
}

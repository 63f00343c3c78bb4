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

    public static TinyModel Qwen3() => new TinyModel("Qwen3ForCausalLM").WithShapes(inputBias: false, outputBias: false, mlpBias: false, headNorms: true);

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

    private void Linear(string name, int outputs, int inputs, bool bias)
    {
        Shapes[$"{name}.weight"] = [outputs, inputs];
        if (bias)
        {
            Shapes[$"{name}.bias"] = [outputs];
        }
    }
}

using System.Text;
using System.Text.Json.Nodes;
using XLLM.NativeBackends.Ops;

namespace XLLM.Silo.Weights.Gguf;

/// <summary>A GGUF file's keys as a config.json, so that the families read one form alone.</summary>
internal static class GgufConfig
{
    private const string Table = "token_embd.weight";
    private const string Factors = "rope_freqs.weight";

    /// <summary>Tensors that are part of the configuration, not of the model.</summary>
    public static IReadOnlyList<string> Tensors { get; } = [Factors];

    /// <summary>Makes the configuration.</summary>
    /// <exception cref="CheckpointException">A key is missing or of another type, or the file has something that is not computed here.</exception>
    public static ModelConfigReader Read(GgufFile file)
    {
        var metadata = file.Metadata;
        var architecture = GgufArchitecture.Of(metadata);
        RejectWhatIsNotComputed(metadata, architecture.Name);
        var heads = metadata.Required(Key("attention.head_count"), metadata.Integer);
        var hidden = metadata.Required(Key("embedding_length"), metadata.Integer);
        var headSize = metadata.Integer(Key("attention.key_length")) ?? (heads > 0 ? hidden / heads : 0);

        // The rows of queries and keys are stored in the order of whole heads that turn; part of a head would need another.
        if (metadata.Integer(Key("rope.dimension_count")) is { } rotated && rotated != headSize)
        {
            throw metadata.Unsupported(Key("rope.dimension_count"), $"is {rotated}, but a head has {headSize} columns: heads that turn in part are not supported");
        }

        var config = new JsonObject
        {
            ["architectures"] = new JsonArray(architecture.ClassName),
            ["model_type"] = architecture.Name,
            ["vocab_size"] = Rows(file, Table),
            ["hidden_size"] = hidden,
            ["intermediate_size"] = metadata.Required(Key("feed_forward_length"), metadata.Integer),
            ["num_hidden_layers"] = metadata.Required(Key("block_count"), metadata.Integer),
            ["num_attention_heads"] = heads,
            ["num_key_value_heads"] = metadata.Integer(Key("attention.head_count_kv")) ?? heads,
            ["head_dim"] = headSize,
            ["rms_norm_eps"] = metadata.Required(Key("attention.layer_norm_rms_epsilon"), metadata.Number),
            ["rope_theta"] = metadata.Number(Key("rope.freq_base")) ?? 10_000,
            ["rope_scaling"] = RopeScaling(file, architecture.Name),
            ["max_position_embeddings"] = metadata.Required(Key("context_length"), metadata.Integer),
            ["tie_word_embeddings"] = !file.Tensors.ContainsKey("output.weight"),
            ["attention_bias"] = architecture.ClassName == "LlamaForCausalLM" && file.Tensors.ContainsKey("blk.0.attn_q.bias"),
            ["sliding_window"] = metadata.Integer(Key("attention.sliding_window")),
            ["bos_token_id"] = metadata.Integer("tokenizer.ggml.bos_token_id"),
            ["eos_token_id"] = EndTokens(metadata),
        };
        return ModelConfigReader.Parse(file.Path, Encoding.UTF8.GetBytes(config.ToJsonString()));

        string Key(string name) => $"{architecture.Name}.{name}";
    }

    private static void RejectWhatIsNotComputed(GgufMetadata metadata, string architecture)
    {
        if (metadata.Integer($"{architecture}.expert_count") is > 0 and var experts)
        {
            throw metadata.Unsupported($"{architecture}.expert_count", $"is {experts}: experts of GGUF files are not supported");
        }

        if (metadata.Integer("split.count") is > 1 and var parts)
        {
            throw metadata.Unsupported("split.count", $"is {parts}: files split into parts are not supported; join them first");
        }

        var (keys, values) = (metadata.Integer($"{architecture}.attention.key_length"), metadata.Integer($"{architecture}.attention.value_length"));
        if (keys != values)
        {
            throw metadata.Unsupported($"{architecture}.attention.value_length", $"is {values}, not the key length {keys}: not supported");
        }
    }

    private static int Rows(GgufFile file, string name) =>
        file.Tensors.TryGetValue(name, out var tensor) && tensor.Shape is [var rows, _]
            ? rows
            : throw new CheckpointException($"{file.Path}: tensor \"{name}\" is missing or no matrix");

    private static JsonObject? RopeScaling(GgufFile file, string architecture)
    {
        var metadata = file.Metadata;
        if (file.Tensors.TryGetValue(Factors, out var tensor))
        {
            // Llama 3: the conversion computed what each frequency is divided by.
            var stored = file.Get(tensor, Factors);
            var factors = new float[checked((int)stored.Elements)];
            stored.ReadFloats(0, factors);
            return new JsonObject { ["rope_type"] = "divisors", ["divisors"] = new JsonArray([.. factors.Select(factor => (JsonNode)(double)factor)]) };
        }

        var key = $"{architecture}.rope.scaling.type";
        return (metadata.Text(key) ?? "none") switch
        {
            "none" => null,
            "linear" => new JsonObject { ["rope_type"] = "linear", ["factor"] = Factor() },
            "yarn" => new JsonObject
            {
                ["rope_type"] = "yarn",
                ["factor"] = Factor(),
                ["original_max_position_embeddings"] = metadata.Required($"{architecture}.rope.scaling.original_context_length", metadata.Integer),
            },
            var other => throw metadata.Unsupported(key, $"is \"{other}\"; supported: none, linear, yarn"),
        };

        double Factor() => metadata.Required($"{architecture}.rope.scaling.factor", metadata.Number);
    }

    private static JsonArray EndTokens(GgufMetadata metadata)
    {
        string[] keys = ["tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id", "tokenizer.ggml.eom_token_id"];
        return new JsonArray([.. keys.Select(metadata.Integer).OfType<int>().Distinct().Select(id => (JsonNode)id)]);
    }
}

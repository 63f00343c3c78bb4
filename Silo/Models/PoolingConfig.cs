using XLLM.Silo.Weights;

namespace XLLM.Silo.Models;

/// <summary>What the files of sentence-transformers beside a checkpoint say of its results: <c>modules.json</c> and the configuration of its modules.</summary>
/// <remarks>Source: the layout in which embedding and reranking models are published (Qwen3-Embedding among them), as sentence-transformers 5 writes it.</remarks>
internal sealed record PoolingConfig
{
    private const string ModulesName = "modules.json";
    private const string PoolingKey = "pooling_mode_";

    /// <summary>The last token's hidden state is the embedding.</summary>
    public bool Embeds { get; private init; }

    /// <summary>Embeddings are scaled to length one.</summary>
    public bool Normalizes { get; private init; }

    /// <summary>The tokens whose logits make a score, where a module names them.</summary>
    public (int Yes, int No)? ScoreTokens { get; private init; }

    /// <summary>Reads the files; null where there are none.</summary>
    /// <param name="folder">The model's folder, or a file in place of it.</param>
    /// <exception cref="CheckpointException">They are damaged, or ask for something that is not computed; names file and field.</exception>
    public static PoolingConfig? Read(string folder)
    {
        var file = Path.Combine(folder, ModulesName);
        if (!File.Exists(file))
        {
            return null;
        }

        var config = new PoolingConfig();
        foreach (var (type, path) in Modules(file))
        {
            var place = Path.Combine(folder, path, "config.json");
            config = type[(type.LastIndexOf('.') + 1)..] switch
            {
                "Transformer" => config,
                "Pooling" => config with { Embeds = RequireLastToken(ModelConfigReader.Load(place)) },
                "Normalize" => config with { Normalizes = true },
                "LogitScore" => config with { ScoreTokens = ReadTokens(ModelConfigReader.Load(place)) },
                _ => throw new UnsupportedModelException($"{file}: the module \"{type}\" is not supported; supported: Transformer, Pooling, Normalize, LogitScore"),
            };
        }

        return config;
    }

    private static List<(string Type, string Path)> Modules(string file)
    {
        try
        {
            using var json = System.Text.Json.JsonDocument.Parse(File.ReadAllBytes(file));
            return [.. json.RootElement.EnumerateArray().Select(module => (module.GetProperty("type").GetString()!, module.GetProperty("path").GetString()!))];
        }
        catch (Exception e) when (e is System.Text.Json.JsonException or InvalidOperationException or KeyNotFoundException)
        {
            throw new CheckpointException($"{file}: is no list of modules with type and path: {e.Message}", e);
        }
    }

    /// <summary>A decoder sees everything in its last token alone; other ways of pooling are for encoders.</summary>
    private static bool RequireLastToken(ModelConfigReader file)
    {
        string[] others = ["cls_token", "mean_tokens", "max_tokens", "mean_sqrt_len_tokens", "weightedmean_tokens"];
        foreach (var mode in others.Where(mode => file.OptionalFlag(PoolingKey + mode) == true))
        {
            throw file.Unsupported(PoolingKey + mode, "is true; supported: pooling_mode_lasttoken");
        }

        // Newer files have one word in place of the flags.
        if (file.OptionalText("pooling_mode") is { } word)
        {
            return word == "lasttoken" ? true : throw file.Unsupported("pooling_mode", $"is \"{word}\"; supported: lasttoken");
        }

        return file.OptionalFlag(PoolingKey + "lasttoken") == true ? true : throw file.Unsupported(PoolingKey + "lasttoken", "is not true; no other pooling is supported");
    }

    private static (int Yes, int No) ReadTokens(ModelConfigReader file) => (Token(file, "true_token_id"), Token(file, "false_token_id"));

    private static int Token(ModelConfigReader file, string name) =>
        file.TokenIds(name) is [var id] ? id : throw file.Fault(name, "is missing; it names the token whose logit decides the score");
}

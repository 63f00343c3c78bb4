namespace XLLM.Silo.Models;

/// <summary>What a loaded model says about itself.</summary>
internal sealed record ModelInfo
{
    /// <summary>As config.json spells it: "Qwen3ForCausalLM".</summary>
    public required string Architecture { get; init; }

    /// <summary>The family's short name: "qwen3"; empty where config.json has none.</summary>
    public required string ModelType { get; init; }

    /// <summary>Longest sequence, in tokens.</summary>
    public required int ContextLength { get; init; }

    /// <summary>Columns of the logits.</summary>
    public required int VocabularySize { get; init; }

    /// <summary>Tokens that end a generation: those of config.json and of generation_config.json, ascending; may be empty.</summary>
    public required IReadOnlyList<int> EosTokenIds { get; init; }

    /// <summary>Token that begins a text, or null.</summary>
    public required int? BosTokenId { get; init; }

    /// <summary>What the model's makers suggest for sampling.</summary>
    public required GenerationDefaults Generation { get; init; }

    /// <summary>Numbers in the checkpoint; tied embeddings count once.</summary>
    public required long Parameters { get; init; }

    /// <summary>Bytes of the weights as stored.</summary>
    public required long WeightBytes { get; init; }
}

using XLLM.Grains.Interfaces.Generation;

namespace XLLM.Silo.Engine;

/// <summary>What an engine must know of the model that it serves.</summary>
internal sealed record ServedModel
{
    /// <summary>The name that requests use; part of every prefix hash.</summary>
    public required string Name { get; init; }

    /// <summary>Columns of the logits; token ids are below this.</summary>
    public required int VocabularySize { get; init; }

    /// <summary>Most tokens of prompt and output together: what the model can and the KV pool holds.</summary>
    public required int MaxContext { get; init; }

    /// <summary>Tokens with which the model ends its answer.</summary>
    public required IReadOnlyList<int> EndTokens { get; init; }

    /// <summary>Numbers of an embedding; 0: it makes none.</summary>
    public int EmbeddingSize { get; init; }

    /// <summary>Whether whole embeddings are scaled to length one.</summary>
    public bool NormalizesEmbeddings { get; init; } = true;

    /// <summary>The tokens whose logits make a score; null: it makes none.</summary>
    public (int Yes, int No)? ScoreTokens { get; init; }

    /// <summary>The token that stands for pictures, and the side of the square of patches that one of them is; null: the model reads text alone.</summary>
    public (int Token, int MergeSize)? Pictures { get; init; }

    /// <summary>Sampling where a request says nothing.</summary>
    public SamplingParameters SamplingDefaults { get; init; } = new();
}

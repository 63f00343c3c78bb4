namespace XLLM.Grains.Interfaces.Catalog;

/// <summary>What a model may be asked for.</summary>
[Flags, GenerateSerializer, Alias("xllm.model-tasks")]
public enum ModelTasks
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Chat turns and completions.</summary>
    Generate = 1,

    /// <summary>Embeddings.</summary>
    Embed = 2,

    /// <summary>Scores of documents for a query.</summary>
    Rank = 4,
}

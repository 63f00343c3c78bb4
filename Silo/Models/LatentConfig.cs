using XLLM.Silo.Weights;

namespace XLLM.Silo.Models;

/// <summary>The fields of <c>config.json</c> that shape latent attention.</summary>
/// <param name="Heads">Query heads.</param>
/// <param name="QueryRank">Columns of the queries' low-rank form; 0: the queries are projected at once.</param>
/// <param name="LatentRank">Columns of the latent vector that keys and values are made from.</param>
/// <param name="PlainColumns">Columns of a head's query and key that no position turns.</param>
/// <param name="RotatedColumns">Columns of a head's query and key that positions turn; one key of these for all heads.</param>
/// <param name="ValueColumns">Columns of a head's value.</param>
/// <param name="Bias">Whether the first projections and the output have biases.</param>
internal sealed record LatentConfig(int Heads, int QueryRank, int LatentRank, int PlainColumns, int RotatedColumns, int ValueColumns, bool Bias)
{
    private const int MostColumns = 1 << 20;

    /// <summary>Which positions a row attends to; null: all up to its own.</summary>
    public IndexerConfig? Indexer { get; init; }

    /// <summary>Columns that are kept per token: the latent vector and the rotated key.</summary>
    public int CacheColumns => LatentRank + RotatedColumns;

    /// <summary>Reads and checks the fields.</summary>
    /// <exception cref="CheckpointException">A field is missing or absurd.</exception>
    public static LatentConfig Read(ModelConfigReader file)
    {
        var rotated = file.Integer("qk_rope_head_dim", most: MostColumns);
        return rotated % 2 == 0
            ? new(
                file.Integer("num_attention_heads", most: MostColumns),
                file.OptionalInteger("q_lora_rank", 0, MostColumns) ?? 0,
                file.Integer("kv_lora_rank", most: MostColumns),
                file.Integer("qk_nope_head_dim", most: MostColumns),
                rotated,
                file.Integer("v_head_dim", most: MostColumns),
                file.Flag("attention_bias", missing: false))
            : throw file.Fault("qk_rope_head_dim", $"is {rotated}; rotary embeddings turn pairs of columns, so it must be even");
    }
}

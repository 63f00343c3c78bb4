using XLLM.NativeBackends.Ops;
using XLLM.Silo.Weights;

namespace XLLM.Silo.Models;

/// <summary>The fields of <c>config.json</c> that shape sparse attention: which positions a row attends to.</summary>
/// <param name="Heads">Heads of the indexer.</param>
/// <param name="Columns">Columns of one of its heads, and of the key that is kept per token.</param>
/// <param name="Most">Positions that a row attends to at most.</param>
/// <param name="Pairing">Which rotated columns form a pair.</param>
/// <param name="Layers">Layers with an indexer; the others attend to what the last one before them has chosen.</param>
internal sealed record IndexerConfig(int Heads, int Columns, int Most, RopePairing Pairing, IReadOnlyList<int> Layers)
{
    private const int MostColumns = 1 << 20;
    private const int MostTokens = 1 << 24;
    private const string Own = "full";
    private const string Shared = "shared";

    /// <summary>Reads and checks the fields.</summary>
    /// <param name="file">config.json.</param>
    /// <param name="layers">Layers of the decoder.</param>
    /// <param name="rotatedColumns">Columns of a head that positions turn; the indexer's heads turn as many.</param>
    /// <param name="pairing">Of the family, where the file does not say.</param>
    /// <exception cref="CheckpointException">A field is missing or absurd.</exception>
    public static IndexerConfig Read(ModelConfigReader file, int layers, int rotatedColumns, RopePairing pairing)
    {
        var columns = file.Integer("index_head_dim", most: MostColumns);
        if (columns < rotatedColumns)
        {
            throw file.Fault("index_head_dim", $"is {columns}, less than qk_rope_head_dim {rotatedColumns}");
        }

        var interleaved = file.Flag("indexer_rope_interleave", missing: pairing == RopePairing.Interleaved);
        return new(
            file.Integer("index_n_heads", most: MostColumns),
            columns,
            file.Integer("index_topk", most: MostTokens),
            interleaved ? RopePairing.Interleaved : RopePairing.Halves,
            ReadLayers(file, layers));
    }

    /// <summary>Layer by layer as a list, as a pattern of F and S, or as a period that begins after some layers.</summary>
    private static int[] ReadLayers(ModelConfigReader file, int layers)
    {
        var types = file.Texts("indexer_types");
        if (types.Count == 0)
        {
            return FromPeriod(file, layers);
        }

        if (types.Count < layers || types[0] != Own)
        {
            throw file.Fault("indexer_types", $"names {types.Count} layers, the first {types[0]}; there are {layers}, and the first must be {Own}");
        }

        return types.FirstOrDefault(type => type is not (Own or Shared)) is { } other
            ? throw file.Unsupported("indexer_types", $"names \"{other}\"; supported: {Own}, {Shared}")
            : [.. Enumerable.Range(0, layers).Where(layer => types[layer] == Own)];
    }

    private static int[] FromPeriod(ModelConfigReader file, int layers)
    {
        if (file.Has("index_topk_pattern"))
        {
            throw file.Unsupported("index_topk_pattern", "is given without indexer_types, which says the same layer by layer");
        }

        var period = file.OptionalInteger("index_topk_freq", 1, MostColumns) ?? 1;
        var first = file.OptionalInteger("index_skip_topk_offset", 0, MostColumns) ?? 2;
        return [.. Enumerable.Range(0, layers).Where(layer => Math.Max(layer - first + 1, 0) % period == 0)];
    }
}

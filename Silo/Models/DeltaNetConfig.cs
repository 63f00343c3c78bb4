using XLLM.Silo.Weights;

namespace XLLM.Silo.Models;

/// <summary>The fields of <c>config.json</c> that shape gated delta nets, and which layers they are in.</summary>
/// <param name="KeyHeads">Heads of queries and keys.</param>
/// <param name="ValueHeads">Heads of values, hence matrices of the state; a multiple of <paramref name="KeyHeads"/>.</param>
/// <param name="KeyColumns">Columns of a query and of a key.</param>
/// <param name="ValueColumns">Columns of a value.</param>
/// <param name="KernelWidth">Inputs that the short convolution sees, a row's own included.</param>
/// <param name="Layers">Layers with a gated delta net; the others attend to all positions.</param>
internal sealed record DeltaNetConfig(int KeyHeads, int ValueHeads, int KeyColumns, int ValueColumns, int KernelWidth, IReadOnlyList<int> Layers)
{
    /// <summary>What <c>layer_types</c> calls a layer with a gated delta net.</summary>
    public const string Linear = "linear_attention";

    /// <summary>What it calls one with attention to all positions.</summary>
    public const string Full = "full_attention";

    private const int MostColumns = 1 << 20;

    // What transformers' configuration classes fill in.
    private const int DefaultKeyHeads = 16;
    private const int DefaultValueHeads = 32;
    private const int DefaultColumns = 128;
    private const int DefaultKernelWidth = 4;
    private const int DefaultInterval = 4;

    /// <summary>Columns of all queries, and of all keys.</summary>
    public int KeyWidth => KeyHeads * KeyColumns;

    /// <summary>Columns of all values.</summary>
    public int ValueWidth => ValueHeads * ValueColumns;

    /// <summary>Value heads that share a key head.</summary>
    public int Shared => ValueHeads / KeyHeads;

    /// <summary>Columns that the short convolution goes over: queries, keys, values.</summary>
    public int Channels => (2 * KeyWidth) + ValueWidth;

    /// <summary>What a layer keeps of a sequence.</summary>
    public KvState State => new(ValueHeads, KeyColumns, ValueColumns, Channels, KernelWidth - 1);

    /// <summary>Reads and checks the fields.</summary>
    /// <param name="file">config.json, or its section on text.</param>
    /// <param name="layers">Layers of the decoder.</param>
    /// <exception cref="CheckpointException">A field is absurd.</exception>
    public static DeltaNetConfig Read(ModelConfigReader file, int layers)
    {
        var keyHeads = file.OptionalInteger("linear_num_key_heads", most: MostColumns) ?? DefaultKeyHeads;
        var valueHeads = file.OptionalInteger("linear_num_value_heads", most: MostColumns) ?? DefaultValueHeads;
        if (valueHeads % keyHeads != 0)
        {
            throw file.Fault("linear_num_value_heads", $"is {valueHeads}, which linear_num_key_heads {keyHeads} does not divide");
        }

        var config = new DeltaNetConfig(
            keyHeads,
            valueHeads,
            file.OptionalInteger("linear_key_head_dim", most: MostColumns) ?? DefaultColumns,
            file.OptionalInteger("linear_value_head_dim", most: MostColumns) ?? DefaultColumns,
            file.OptionalInteger("linear_conv_kernel_dim", most: 1 << 10) ?? DefaultKernelWidth,
            ReadLayers(file, layers));
        return (2L * keyHeads * config.KeyColumns) + ((long)valueHeads * config.ValueColumns) <= MostColumns
            ? config
            : throw file.Fault("linear_key_head_dim", $"is {config.KeyColumns}, which with the other heads makes more than {MostColumns} columns");
    }

    /// <summary>Layer by layer as a list, or every how many layers there is one with full attention.</summary>
    private static int[] ReadLayers(ModelConfigReader file, int layers)
    {
        var types = file.Texts("layer_types");
        if (types.Count == 0)
        {
            var interval = file.OptionalInteger("full_attention_interval", 1) ?? DefaultInterval;
            return [.. Enumerable.Range(0, layers).Where(layer => (layer + 1) % interval != 0)];
        }

        // A file whose layers were cut keeps the longer list; the reference reads its beginning.
        return types.Count >= layers
            ? [.. Enumerable.Range(0, layers).Where(layer => types[layer] == Linear)]
            : throw file.Fault("layer_types", $"names {types.Count} layers; there are {layers}");
    }
}

using XLLM.NativeBackends.Ops;
using XLLM.Silo.Weights;

namespace XLLM.Silo.Models;

/// <summary>The fields of <c>config.json</c> that change the computation of a dense decoder (Llama, Mistral, Qwen2, Qwen3). Names follow that file.</summary>
internal sealed record DecoderConfig
{
    // Bounds far above any published model: a damaged file must end in a message, not in an allocation.
    internal const int MostLayers = 4096;
    private const int MostColumns = 1 << 20;
    private const int MostTokens = 1 << 24;

    public required int VocabSize { get; init; }
    public required int HiddenSize { get; init; }
    public required int IntermediateSize { get; init; }
    public required int NumHiddenLayers { get; init; }
    public required HeadLayout Heads { get; init; }
    public required float RmsNormEps { get; init; }
    public required RopeConfig Rope { get; init; }
    public required int MaxPositionEmbeddings { get; init; }
    public required bool TieWordEmbeddings { get; init; }

    /// <summary>Biases of the query, key, value and output projections. Qwen2 has them on the first three without saying so here.</summary>
    public required bool AttentionBias { get; init; }

    /// <summary>Biases of the feed-forward projections.</summary>
    public required bool MlpBias { get; init; }

    /// <summary>Columns of a head that positions turn: the first ones. All of them unless <c>partial_rotary_factor</c> says otherwise.</summary>
    public required int RotatedColumns { get; init; }

    /// <summary>Whether the norms of the layers, of their heads and the final one are stored less one.</summary>
    public bool ZeroCenteredNorms { get; init; }

    /// <summary>Longest sequence: YaRN stretches what the model was trained with, and most files leave <c>max_position_embeddings</c> as it was.</summary>
    public int MaxContext => Math.Max(MaxPositionEmbeddings, Rope.StretchedContext);

    /// <summary>Reads and checks the fields.</summary>
    /// <exception cref="CheckpointException">A field is missing or absurd; the message names file, field and value.</exception>
    public static DecoderConfig Read(ModelConfigReader file) => Read(file, DecoderFamily.Common);

    /// <summary>Reads and checks the fields.</summary>
    /// <param name="file">config.json.</param>
    /// <param name="family">What is filled in.</param>
    /// <exception cref="CheckpointException">A field is missing or absurd; the message names file, field and value.</exception>
    public static DecoderConfig Read(ModelConfigReader file, DecoderFamily family)
    {
        var heads = ReadHeads(file, file.Integer("hidden_size", most: MostColumns), family.HeadSize);
        return Read(file, heads, ReadRotatedColumns(file, heads.HeadSize, family.PartialRotaryFactor), family);
    }

    /// <summary>Reads and checks the fields of a family whose heads are named otherwise.</summary>
    /// <param name="file">config.json.</param>
    /// <param name="heads">Heads as they are kept in KV blocks.</param>
    /// <param name="rotatedColumns">Columns of a head that positions turn.</param>
    /// <param name="family">What is filled in.</param>
    /// <exception cref="CheckpointException">A field is missing or absurd; the message names file, field and value.</exception>
    public static DecoderConfig Read(ModelConfigReader file, HeadLayout heads, int rotatedColumns, DecoderFamily family)
    {
        RejectWhatIsNotComputed(file, family.Attention);
        var hidden = file.Integer("hidden_size", most: MostColumns);
        var maxPositions = file.Integer("max_position_embeddings");
        return new DecoderConfig
        {
            VocabSize = file.Integer("vocab_size", most: MostTokens),
            HiddenSize = hidden,
            IntermediateSize = family.HasDenseLayers ? file.Integer("intermediate_size", most: MostColumns) : 0,
            NumHiddenLayers = file.Integer("num_hidden_layers", most: MostLayers),
            Heads = heads,
            RotatedColumns = rotatedColumns,
            RmsNormEps = (float)(file.OptionalNumber("rms_norm_eps", 0, 1) ?? family.RmsNormEps ?? file.Number("rms_norm_eps", 0, 1)),
            Rope = RopeConfig.Read(file),
            MaxPositionEmbeddings = maxPositions,
            TieWordEmbeddings = file.Flag("tie_word_embeddings", missing: false),
            AttentionBias = file.Flag("attention_bias", missing: false),
            MlpBias = file.Flag("mlp_bias", missing: false),
            ZeroCenteredNorms = family.ZeroCenteredNorms,
        };
    }

    private static HeadLayout ReadHeads(ModelConfigReader file, int hidden, int? missing)
    {
        var queryHeads = file.Integer("num_attention_heads", most: MostColumns);
        var kvHeads = file.OptionalInteger("num_key_value_heads", most: MostColumns) ?? queryHeads;
        if (queryHeads % kvHeads != 0)
        {
            throw file.Fault("num_key_value_heads", $"is {kvHeads}, which does not divide num_attention_heads {queryHeads}");
        }

        if ((file.OptionalInteger("head_dim", most: MostColumns) ?? missing) is not { } headSize)
        {
            headSize = hidden % queryHeads == 0
                ? hidden / queryHeads
                : throw file.Fault("hidden_size", $"is {hidden}, which num_attention_heads {queryHeads} does not divide, and there is no head_dim");
        }

        if (headSize % 2 != 0)
        {
            throw file.Fault("head_dim", $"is {headSize}; rotary embeddings turn pairs of columns, so it must be even");
        }

        return (long)queryHeads * headSize <= MostColumns
            ? new HeadLayout(queryHeads, kvHeads, headSize)
            : throw file.Fault("head_dim", $"is {headSize}, which times num_attention_heads {queryHeads} is more than {MostColumns} columns");
    }

    private static int ReadRotatedColumns(ModelConfigReader file, int headSize, double missing)
    {
        var part = file.Section("rope_parameters")?.OptionalNumber("partial_rotary_factor", 0, 1) ?? file.OptionalNumber("partial_rotary_factor", 0, 1) ?? missing;
        var columns = (int)(headSize * part);
        return columns > 0 && columns % 2 == 0
            ? columns
            : throw file.Fault("partial_rotary_factor", $"is {part}, which makes {columns} of {headSize} columns turn; it must be an even number above 0");
    }

    private static void RejectWhatIsNotComputed(ModelConfigReader file, IReadOnlyList<string> attention)
    {
        if (file.OptionalText("hidden_act") is { } activation and not ("silu" or "swish"))
        {
            throw file.Unsupported("hidden_act", $"is \"{activation}\"; supported: silu");
        }

        // Qwen writes a window and a switch that is off; Mistral writes a window and no switch.
        var window = file.OptionalInteger("sliding_window");
        if (file.OptionalFlag("use_sliding_window") ?? (window is { } tokens && tokens < file.Integer("max_position_embeddings")))
        {
            throw file.Unsupported("sliding_window", $"is {window}: sliding-window attention is not supported yet");
        }

        if (file.Texts("layer_types").FirstOrDefault(type => !attention.Contains(type)) is { } other)
        {
            throw file.Unsupported("layer_types", $"names \"{other}\"; supported: {string.Join(", ", attention)}");
        }
    }
}

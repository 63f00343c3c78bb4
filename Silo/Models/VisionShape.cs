using XLLM.NativeBackends.Ops;
using XLLM.Silo.Models.Layers;
using XLLM.Silo.Vision;
using XLLM.Silo.Weights;

namespace XLLM.Silo.Models;

/// <summary>Sizes that all vision encoders have: the fields of <c>vision_config</c> under their common meaning.</summary>
internal sealed record VisionShape
{
    // Bounds far above any published encoder, as for decoders.
    private const int MostLayers = 4096;
    private const int MostColumns = 1 << 20;
    private const int MostSide = 256;

    /// <summary>Columns of a patch between layers.</summary>
    public required int Hidden { get; init; }

    /// <summary>Layers.</summary>
    public required int Depth { get; init; }

    /// <summary>Heads; <see cref="Hidden"/> is a multiple.</summary>
    public required int Heads { get; init; }

    /// <summary>Columns of a token's result.</summary>
    public required int Output { get; init; }

    /// <summary>Side of a patch, in pixels.</summary>
    public required int PatchSize { get; init; }

    /// <summary>Frames of a patch.</summary>
    public required int TemporalPatchSize { get; init; }

    /// <summary>Side of the square of patches that becomes one token.</summary>
    public required int MergeSize { get; init; }

    /// <summary>Base of the rotary frequencies.</summary>
    public required double RopeTheta { get; init; }

    /// <summary>Columns of a head.</summary>
    public int HeadSize => Hidden / Heads;

    /// <summary>Patches that become one token.</summary>
    public int PatchesOfToken => MergeSize * MergeSize;

    /// <summary>Columns of the patches of a token side by side.</summary>
    public int TokenColumns => PatchesOfToken * Hidden;

    /// <summary>Values of a patch.</summary>
    public int ValuesPerPatch => Picture.Channels * TemporalPatchSize * PatchSize * PatchSize;

    /// <summary>Reads and checks the fields. What a file leaves out has the value of the reference implementation's class, the same in all families.</summary>
    /// <param name="file">The section vision_config.</param>
    /// <param name="hidden">Columns of a patch between layers.</param>
    /// <param name="depth">Layers where the file does not say.</param>
    /// <param name="heads">Heads where the file does not say.</param>
    /// <param name="patchSize">Side of a patch where the file does not say.</param>
    /// <param name="output">Columns of a token's result.</param>
    /// <exception cref="CheckpointException">A field is absurd, or two do not fit.</exception>
    public static VisionShape Read(ModelConfigReader file, int hidden, int depth, int heads, int patchSize, int output)
    {
        if ((file.OptionalInteger("in_channels") ?? file.OptionalInteger("in_chans")) is { } channels and not Picture.Channels)
        {
            throw file.Unsupported("in_channels", $"is {channels}; pictures have {Picture.Channels}");
        }

        var shape = new VisionShape
        {
            Hidden = hidden,
            Depth = file.OptionalInteger("depth", most: MostLayers) ?? depth,
            Heads = file.OptionalInteger("num_heads", most: MostColumns) ?? heads,
            Output = output,
            PatchSize = file.OptionalInteger("patch_size", most: MostSide) ?? file.OptionalInteger("spatial_patch_size", most: MostSide) ?? patchSize,
            TemporalPatchSize = file.OptionalInteger("temporal_patch_size", most: MostSide) ?? 2,
            MergeSize = file.OptionalInteger("spatial_merge_size", most: MostSide) ?? 2,
            RopeTheta = file.Section("rope_parameters")?.OptionalNumber("rope_theta", 1, 1e12) ?? 10_000,
        };
        return shape.Hidden % shape.Heads == 0 && shape.HeadSize % 4 == 0
            ? shape
            : throw file.Fault("num_heads", $"is {shape.Heads}, which does not divide {shape.Hidden} columns into heads of a multiple of 4, whose quarters turn by row and column");
    }

    /// <summary>A number of columns.</summary>
    public static int Columns(ModelConfigReader file, string name, int? missing = null) =>
        file.OptionalInteger(name, most: MostColumns) ?? missing ?? file.Integer(name, most: MostColumns);

    /// <summary>Columns of a token's result, which are the decoder's.</summary>
    /// <param name="file">The section vision_config.</param>
    /// <param name="name">Its field.</param>
    /// <param name="hidden">Columns of the decoder.</param>
    /// <param name="missing">What they are where the file does not say.</param>
    /// <exception cref="CheckpointException">The decoder has others.</exception>
    public static int OutputColumns(ModelConfigReader file, string name, int hidden, int missing)
    {
        var output = Columns(file, name, missing);
        return output == hidden ? output : throw file.Fault(name, $"is {output}, but the decoder has {hidden} columns");
    }

    /// <summary>Layers that the file names, each once.</summary>
    /// <param name="file">The section vision_config.</param>
    /// <param name="name">The field.</param>
    /// <param name="missing">What they are where the file does not say.</param>
    /// <exception cref="CheckpointException">There is no such layer, or one is named twice.</exception>
    public IReadOnlyList<int> Layers(ModelConfigReader file, string name, IReadOnlyList<int> missing)
    {
        var layers = file.Has(name) ? file.Integers(name) : missing;
        if (layers.Distinct().Count() != layers.Count)
        {
            throw file.Fault(name, $"is [{string.Join(", ", layers)}], which names a layer twice");
        }

        return file.Has(name) && layers.FirstOrDefault(layer => layer >= Depth, -1) is var outside and >= 0
            ? throw file.Fault(name, $"names layer {outside}, but depth is {Depth}")
            : layers;
    }

    /// <summary>Side of a square table of position embeddings.</summary>
    /// <param name="file">The section vision_config.</param>
    /// <param name="name">Its field with the number of entries.</param>
    /// <param name="entries">The number of entries.</param>
    public static int TableSide(ModelConfigReader file, string name, int entries)
    {
        var side = (int)Math.Sqrt(entries);
        return side * side == entries ? side : throw file.Fault(name, $"is {entries}; the table of position embeddings must be a square");
    }

    /// <summary>The form of GELU that an activation's name means.</summary>
    public static GeluKind Gelu(ModelConfigReader file, string missing) => (file.OptionalText("hidden_act") ?? missing) switch
    {
        "gelu" => GeluKind.Exact,
        "gelu_pytorch_tanh" or "gelu_new" => GeluKind.Tanh,
        "quick_gelu" => GeluKind.Quick,
        var other => throw file.Unsupported("hidden_act", $"is \"{other}\"; supported: gelu, gelu_pytorch_tanh, gelu_new, quick_gelu"),
    };

    /// <summary>Refuses other activations than the gated networks' own.</summary>
    public static void RequireSilu(ModelConfigReader file)
    {
        if (file.OptionalText("hidden_act") is { } activation and not ("silu" or "swish"))
        {
            throw file.Unsupported("hidden_act", $"is \"{activation}\"; supported: silu");
        }
    }

    /// <summary>Builds the layers.</summary>
    /// <param name="at">Where "blocks" is.</param>
    /// <param name="block">Builds one from the place of its tensors.</param>
    public VisionBlock[] BuildBlocks(Checkpoint at, Func<Checkpoint, VisionBlock> block) => [.. Enumerable.Range(0, Depth).Select(i => block(at.At($"blocks.{i}")))];

    /// <summary>Refuses pixel values that do not fit a picture.</summary>
    /// <exception cref="ArgumentException">The values are not as many as the grid needs, or a side is no multiple of the merge size.</exception>
    public void Check(PictureGrid grid, int values)
    {
        if (grid.Time < 1 || grid.Height < 1 || grid.Width < 1 || grid.Height % MergeSize != 0 || grid.Width % MergeSize != 0)
        {
            throw new ArgumentException($"a picture of {grid.Time} x {grid.Height} x {grid.Width} patches: both sides must be multiples of {MergeSize}", nameof(grid));
        }

        if ((long)grid.Patches * ValuesPerPatch != values)
        {
            throw new ArgumentException($"{grid.Patches} patches of {ValuesPerPatch} values need {(long)grid.Patches * ValuesPerPatch} values, not {values}", nameof(values));
        }
    }
}

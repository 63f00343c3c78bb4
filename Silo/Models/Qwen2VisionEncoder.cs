using XLLM.NativeBackends.Ops;
using XLLM.Silo.Models.Layers;
using XLLM.Silo.Vision;
using XLLM.Silo.Weights;

namespace XLLM.Silo.Models;

/// <summary>The vision encoders of Qwen2-VL, whose patches all see each other, and of Qwen2.5-VL, most of whose layers look into windows.</summary>
/// <remarks>Sources: Qwen2-VL (arXiv:2409.12191) section 2.1; Qwen2.5-VL (arXiv:2502.13923) section 2.1.1. Epsilons are numbers of the published code.</remarks>
internal sealed class Qwen2VisionEncoder : IPictureEncoder
{
    private const float Epsilon = 1e-6f;

    private readonly VisionShape _shape;
    private readonly PatchEmbedding _embedding;
    private readonly PatchRotation _rotation;
    private readonly VisionBlock[] _blocks;
    private readonly PatchMerger _merger;
    private readonly int? _windowSide;
    private readonly IReadOnlyList<int> _fullLayers;

    private Qwen2VisionEncoder(
        VisionShape shape, Checkpoint at, Func<Checkpoint, INorm> norm, Func<Checkpoint, IFeedForward> feedForward, int? windowSide, IReadOnlyList<int> fullLayers)
    {
        (_shape, _windowSide, _fullLayers) = (shape, windowSide, fullLayers);
        _embedding = new(at.At("patch_embed.proj"), shape, bias: false);
        _rotation = new(at, shape);
        _blocks = shape.BuildBlocks(at, block => new VisionBlock(block, shape, norm, feedForward(block.At("mlp")), inputBias: true, outputBias: true));
        _merger = new(shape, norm(at.At("merger.ln_q")), normalizeTokens: false, at.At("merger.mlp.0"), at.At("merger.mlp.2"));
    }

    /// <inheritdoc/>
    public int Columns => _shape.Output;

    /// <inheritdoc/>
    public int ValuesPerPatch => _shape.ValuesPerPatch;

    /// <inheritdoc/>
    public int MergeSize => _shape.MergeSize;

    /// <summary>Builds Qwen2-VL's: layer norms, plain feed-forward networks, attention over whole pictures.</summary>
    /// <param name="file">The section vision_config, whose hidden_size is the decoder's.</param>
    /// <param name="hidden">Columns of the decoder.</param>
    /// <param name="at">Where "patch_embed", "blocks" and "merger" are.</param>
    public static Qwen2VisionEncoder Create2(ModelConfigReader file, int hidden, Checkpoint at)
    {
        var columns = VisionShape.Columns(file, "embed_dim", missing: 1280);
        var output = VisionShape.OutputColumns(file, "hidden_size", hidden, missing: 3584);
        var shape = VisionShape.Read(file, columns, depth: 32, heads: 16, patchSize: 14, output);
        var intermediate = (int)Math.Min(int.MaxValue, columns * (file.OptionalNumber("mlp_ratio", 0.01, 1024) ?? 4));
        var gelu = VisionShape.Gelu(file, missing: "quick_gelu");
        return new(
            shape,
            at,
            place => new LayerNorm(place, columns, Epsilon),
            place => new GeluFeedForward(place.At("fc1"), place.At("fc2"), columns, intermediate, columns, gelu),
            windowSide: null,
            fullLayers: []);
    }

    /// <summary>Builds Qwen2.5-VL's: root-mean-square norms, gated feed-forward networks, windows in all layers but a few.</summary>
    /// <param name="file">The section vision_config.</param>
    /// <param name="hidden">Columns of the decoder.</param>
    /// <param name="at">Where "patch_embed", "blocks" and "merger" are.</param>
    public static Qwen2VisionEncoder Create25(ModelConfigReader file, int hidden, Checkpoint at)
    {
        var columns = VisionShape.Columns(file, "hidden_size");
        var output = VisionShape.OutputColumns(file, "out_hidden_size", hidden, missing: 3584);
        VisionShape.RequireSilu(file);
        var shape = VisionShape.Read(file, columns, depth: 32, heads: 16, patchSize: 14, output);
        var window = file.OptionalInteger("window_size", most: 1 << 20) ?? 112;
        var side = window / shape.MergeSize / shape.PatchSize;
        if (side < 1)
        {
            throw file.Fault("window_size", $"is {window} pixels, less than a token's side of {shape.MergeSize * shape.PatchSize}");
        }

        var intermediate = VisionShape.Columns(file, "intermediate_size", missing: 3420);
        return new(
            shape,
            at,
            place => new RmsNorm(place, columns, Epsilon),
            place => new GatedFeedForward(place, columns, intermediate, bias: true),
            side,
            shape.Layers(file, "fullatt_block_indexes", [7, 15, 23, 31]));
    }

    /// <inheritdoc/>
    public Tensor Encode(ReadOnlySpan<float> pixelValues, PictureGrid grid, IOps ops)
    {
        var hidden = _embedding.Forward(pixelValues, grid, ops);                        // [patches, hidden]
        var positions = PatchPositions.Of(grid, _shape.MergeSize);
        var frames = ops.Integers(PatchPositions.Frames(grid));
        if (_windowSide is not { } side)
        {
            Run(hidden, _rotation.Angles(positions, ops), frames, frames, ops);
            return _merger.Forward(hidden, ops);                                        // [tokens, output]
        }

        // A window's tokens are brought side by side for all layers; those that look at the whole do not mind.
        var windows = AttentionWindows.Of(grid, _shape.MergeSize, side);
        var tokens = hidden.Reshape(windows.Order.Length, _shape.TokenColumns);
        hidden = ops.Rows(tokens, ops.Integers(windows.Order)).Reshape(grid.Patches, _shape.Hidden);
        var starts = ops.Integers([.. windows.Starts.Select(start => start * _shape.PatchesOfToken)]);
        Run(hidden, _rotation.Angles(Reorder(positions, windows), ops), starts, frames, ops);
        return ops.Rows(_merger.Forward(hidden, ops), ops.Integers(windows.Places));
    }

    private void Run(Tensor hidden, Tensor angles, Tensor windows, Tensor frames, IOps ops)
    {
        for (var i = 0; i < _blocks.Length; i++)
        {
            var mark = ops.Mark();
            _blocks[i].Forward(hidden, angles, _fullLayers.Contains(i) ? frames : windows, ops);
            ops.Release(mark);
        }
    }

    private int[] Reorder(int[] positions, AttentionWindows windows)
    {
        var (result, unit) = (new int[positions.Length], _shape.PatchesOfToken);
        for (var place = 0; place < windows.Order.Length; place++)
        {
            for (var axis = 0; axis < 2; axis++)
            {
                var from = axis * positions.Length / 2;
                positions.AsSpan(from + (windows.Order[place] * unit), unit).CopyTo(result.AsSpan(from + (place * unit)));
            }
        }

        return result;
    }
}

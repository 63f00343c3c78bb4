using XLLM.NativeBackends.Ops;
using XLLM.Silo.Models.Layers;
using XLLM.Silo.Vision;
using XLLM.Silo.Weights;

namespace XLLM.Silo.Models;

/// <summary>The vision encoder of Qwen3-VL and of Qwen3.5: a table of position embeddings stretched over the picture, and what earlier layers saw beside the result (DeepStack).</summary>
/// <remarks>Sources: Qwen3-VL (arXiv:2511.21631) section 2; DeepStack (arXiv:2406.04334). Epsilons are numbers of the published code.</remarks>
internal sealed class Qwen3VisionEncoder : IPictureEncoder
{
    private const float Epsilon = 1e-6f;

    private readonly VisionShape _shape;
    private readonly PatchEmbedding _embedding;
    private readonly Weight _table;
    private readonly int _tableSide;
    private readonly PatchRotation _rotation;
    private readonly VisionBlock[] _blocks;
    private readonly PatchMerger _merger;
    private readonly List<int> _deepLayers;
    private readonly PatchMerger[] _deepMergers;

    /// <param name="file">The section vision_config.</param>
    /// <param name="hidden">Columns of the decoder.</param>
    /// <param name="at">Where "patch_embed", "pos_embed", "blocks", "merger" and "deepstack_merger_list" are.</param>
    /// <exception cref="CheckpointException">A field is missing or absurd, or a tensor is.</exception>
    public Qwen3VisionEncoder(ModelConfigReader file, int hidden, Checkpoint at)
    {
        var columns = VisionShape.Columns(file, "hidden_size", missing: 1152);
        var output = VisionShape.OutputColumns(file, "out_hidden_size", hidden, missing: 3584);
        _shape = VisionShape.Read(file, columns, depth: 27, heads: 16, patchSize: 16, output);
        var intermediate = VisionShape.Columns(file, "intermediate_size", missing: 4304);
        var gelu = VisionShape.Gelu(file, missing: "gelu_pytorch_tanh");
        var entries = VisionShape.Columns(file, "num_position_embeddings", missing: 2304);
        _tableSide = VisionShape.TableSide(file, "num_position_embeddings", entries);

        // Qwen3-VL's class has three layers where the file says nothing, Qwen3.5's has none: what the file says is needed.
        _deepLayers = [.. _shape.Layers(file, "deepstack_visual_indexes", [])];
        _embedding = new(at.At("patch_embed.proj"), _shape, bias: true);
        _table = at.At("pos_embed").Matrix("weight", entries, columns);
        _rotation = new(at, _shape);
        _blocks = _shape.BuildBlocks(at, block => new VisionBlock(
            block,
            _shape,
            place => new LayerNorm(place, columns, Epsilon),
            new GeluFeedForward(block.At("mlp.linear_fc1"), block.At("mlp.linear_fc2"), columns, intermediate, columns, gelu),
            inputBias: true,
            outputBias: true));
        _merger = Merger(at.At("merger"), normalizeTokens: false);
        _deepMergers = [.. Enumerable.Range(0, _deepLayers.Count).Select(i => Merger(at.At($"deepstack_merger_list.{i}"), normalizeTokens: true))];

        PatchMerger Merger(Checkpoint place, bool normalizeTokens) => new(
            _shape, new LayerNorm(place.At("norm"), normalizeTokens ? _shape.TokenColumns : columns, Epsilon), normalizeTokens, place.At("linear_fc1"), place.At("linear_fc2"));
    }

    /// <inheritdoc/>
    public int Columns => _shape.Output * (1 + _deepLayers.Count);

    /// <inheritdoc/>
    public int ValuesPerPatch => _shape.ValuesPerPatch;

    /// <inheritdoc/>
    public int MergeSize => _shape.MergeSize;

    /// <inheritdoc/>
    public Tensor Encode(ReadOnlySpan<float> pixelValues, PictureGrid grid, IOps ops)
    {
        var hidden = _embedding.Forward(pixelValues, grid, ops);                        // [patches, hidden]
        var taps = TableTaps.Bilinear(grid, _shape.MergeSize, _tableSide);
        ops.Add(hidden, ops.WeightedRows(_table, ops.Integers(taps.Entries, grid.Patches), ops.Floats(taps.Weights, grid.Patches)));

        var angles = _rotation.Angles(PatchPositions.Of(grid, _shape.MergeSize), ops);
        var frames = ops.Integers(PatchPositions.Frames(grid));
        var seen = new List<Tensor>();
        for (var i = 0; i < _blocks.Length; i++)
        {
            var mark = ops.Mark();
            _blocks[i].Forward(hidden, angles, frames, ops);
            ops.Release(mark);
            if (_deepLayers.IndexOf(i) is var deep and >= 0)
            {
                seen.Add(_deepMergers[deep].Forward(hidden, ops));
            }
        }

        return seen.Aggregate(_merger.Forward(hidden, ops), (result, next) => ops.JoinHeads(result, next, heads: 1));      // [tokens, output * (1 + deep layers)]
    }
}

using XLLM.NativeBackends.Ops;
using XLLM.Silo.Models.Layers;
using XLLM.Silo.Vision;
using XLLM.Silo.Weights;

namespace XLLM.Silo.Models;

/// <summary>The vision encoder of GLM-4.1V, 4.5V and 4.6V: position embeddings interpolated between the entries of a table, patches joined by a convolution, a gated network at the end.</summary>
/// <remarks>Source: GLM-4.1V-Thinking (arXiv:2507.01006) section 2. The last norm's epsilon is a number of the published code.</remarks>
internal sealed class GlmVisionEncoder : IPictureEncoder
{
    private const float LayerNormEpsilon = 1e-5f;

    private readonly VisionShape _shape;
    private readonly PatchEmbedding _embedding;
    private readonly INorm _embeddingNorm;
    private readonly Weight _table;
    private readonly int _tableSide;
    private readonly PatchRotation _rotation;
    private readonly VisionBlock[] _blocks;
    private readonly INorm _finalNorm;
    private readonly Weight _join;
    private readonly Tensor _joinBias;
    private readonly Linear _projection;
    private readonly LayerNorm _projectionNorm;
    private readonly GatedFeedForward _network;

    /// <param name="file">The section vision_config.</param>
    /// <param name="hidden">Columns of the decoder.</param>
    /// <param name="at">Where "patch_embed", "embeddings", "blocks", "downsample" and "merger" are.</param>
    /// <exception cref="CheckpointException">A field is missing or absurd, or a tensor is.</exception>
    public GlmVisionEncoder(ModelConfigReader file, int hidden, Checkpoint at)
    {
        VisionShape.RequireSilu(file);
        var columns = VisionShape.Columns(file, "hidden_size", missing: 1536);
        var output = VisionShape.OutputColumns(file, "out_hidden_size", hidden, missing: 4096);
        _shape = VisionShape.Read(file, columns, depth: 24, heads: 12, patchSize: 14, output);
        var epsilon = (float)(file.OptionalNumber("rms_norm_eps", 0, 1) ?? 1e-5);
        var bias = file.Flag("attention_bias", missing: false);
        var size = VisionShape.Columns(file, "image_size", missing: 336);
        _tableSide = size / _shape.PatchSize;
        if (_tableSide < 1)
        {
            throw file.Fault("image_size", $"is {size} pixels, less than a patch's side of {_shape.PatchSize}");
        }

        _embedding = new(at.At("patch_embed.proj"), _shape, bias: true);
        _embeddingNorm = Norm(at.At("post_conv_layernorm"));
        _table = at.At("embeddings.position_embedding").Matrix("weight", _tableSide * _tableSide, columns);
        _rotation = new(at, _shape);
        _blocks = _shape.BuildBlocks(at, block => new VisionBlock(block, _shape, Norm, new GatedFeedForward(block.At("mlp"), columns, output, bias: false), bias, outputBias: false));
        _finalNorm = Norm(at.At("post_layernorm"));
        _join = at.At("downsample").KernelByPlace("weight", output, columns, _shape.MergeSize);
        _joinBias = at.At("downsample").Vector("bias", output);
        _projection = new(at.At("merger.proj"), output, output);
        _projectionNorm = new(at.At("merger.post_projection_norm"), output, LayerNormEpsilon);
        _network = new(at.At("merger"), output, VisionShape.Columns(file, "intermediate_size", missing: 13_696), bias: false);

        INorm Norm(Checkpoint place) => new RmsNorm(place, columns, epsilon);
    }

    /// <inheritdoc/>
    public int Columns => _shape.Output;

    /// <inheritdoc/>
    public int ValuesPerPatch => _shape.ValuesPerPatch;

    /// <inheritdoc/>
    public int MergeSize => _shape.MergeSize;

    /// <inheritdoc/>
    public Tensor Encode(ReadOnlySpan<float> pixelValues, PictureGrid grid, IOps ops)
    {
        var hidden = _embeddingNorm.Forward(_embedding.Forward(pixelValues, grid, ops), ops);      // [patches, hidden]
        var taps = TableTaps.Bicubic(grid, _shape.MergeSize, _tableSide);
        ops.Add(hidden, ops.WeightedRows(_table, ops.Integers(taps.Entries, grid.Patches), ops.Floats(taps.Weights, grid.Patches)));

        var angles = _rotation.Angles(PatchPositions.Of(grid, _shape.MergeSize), ops);
        var frames = ops.Integers(PatchPositions.Frames(grid));
        foreach (var block in _blocks)
        {
            var mark = ops.Mark();
            block.Forward(hidden, angles, frames, ops);
            ops.Release(mark);
        }

        // The convolution's steps are as long as its kernel: a product with the patches of a token side by side.
        var tokens = _finalNorm.Forward(hidden, ops).Reshape(grid.Tokens(_shape.MergeSize), _shape.TokenColumns);
        var projected = _projectionNorm.Forward(_projection.Forward(ops.Linear(tokens, _join, _joinBias), ops), ops);      // [tokens, output]
        ops.Gelu(projected, GeluKind.Exact);
        return _network.Forward(projected, ops);
    }
}

using XLLM.NativeBackends.Ops;
using XLLM.Silo.Models.Layers;
using XLLM.Silo.Weights;

namespace XLLM.Silo.Models;

/// <summary>What all decoders share: embedding, a stack of layers, a final norm, a head. A family says what one layer is.</summary>
internal sealed class DecoderModel : ICausalModel, IDraftTarget
{
    private readonly Embedding _embedding;
    private readonly IDecoderLayer[] _layers;
    private readonly RmsNorm _finalNorm;
    private readonly Linear _head;
    private readonly RopeTable _rope;
    private readonly PictureInput? _pictures;

    /// <param name="config">Sizes.</param>
    /// <param name="checkpoint">Root of the tensor names.</param>
    /// <param name="layer">Builds layer i from the place of its tensors.</param>
    /// <param name="kept">What every layer keeps per token.</param>
    /// <param name="index">The index keys that some layers keep besides; null: none.</param>
    /// <param name="layout">What the layers keep where they do not all keep the same; null: what <paramref name="kept"/> and <paramref name="index"/> say.</param>
    /// <param name="pictures">What it does with pictures; null: it reads text alone.</param>
    /// <param name="at">Where "embed_tokens", "layers" and "norm" are; null: "model".</param>
    public DecoderModel(
        DecoderConfig config,
        Checkpoint checkpoint,
        Func<int, Checkpoint, IDecoderLayer> layer,
        KvGroupKind kept = KvGroupKind.FullAttention,
        KvIndex? index = null,
        KvLayout? layout = null,
        PictureInput? pictures = null,
        Checkpoint? at = null)
    {
        var model = at ?? checkpoint.At("model");
        _pictures = pictures;
        _embedding = new(model.At("embed_tokens"), config.VocabSize, config.HiddenSize);
        _layers = [.. Enumerable.Range(0, config.NumHiddenLayers).Select(i => layer(i, model.At($"layers.{i}")))];
        _finalNorm = new(model.At("norm"), config.HiddenSize, config.RmsNormEps, config.ZeroCenteredNorms);
        _head = config.TieWordEmbeddings ? _embedding.AsHead() : new(checkpoint.At("lm_head"), config.VocabSize, config.HiddenSize);
        if (config.TieWordEmbeddings)
        {
            checkpoint.At("lm_head").Ignore("weight");      // some exporters write the tied table a second time
        }

        _rope = config.Rope.Table(config.RotatedColumns, checkpoint);
        HiddenSize = config.HiddenSize;
        VocabularySize = config.VocabSize;
        MaxContext = config.MaxContext;
        KvLayout = layout ?? new([new(kept, [.. Enumerable.Range(0, config.NumHiddenLayers)], config.Heads.KvHeads, config.Heads.HeadSize) { Index = index }]);
    }

    /// <inheritdoc/>
    public int VocabularySize { get; }

    /// <inheritdoc/>
    public int MaxContext { get; }

    /// <inheritdoc/>
    public KvLayout KvLayout { get; }

    /// <inheritdoc/>
    public int HiddenSize { get; }

    /// <inheritdoc/>
    public int LayerCount => _layers.Length;

    /// <inheritdoc/>
    public Embedding Embedding => _embedding;

    /// <inheritdoc/>
    public Linear Head => _head;

    /// <inheritdoc/>
    public IPictureEncoder? Pictures => _pictures?.Encoder;

    /// <inheritdoc/>
    public int? PictureToken => _pictures?.Token;

    /// <inheritdoc/>
    public int RotaryAxes => _pictures is null ? 1 : 3;

    /// <inheritdoc/>
    public Tensor Forward(ForwardBatch batch, IOps ops)
    {
        var angles = _pictures is null ? ops.RopeAngles(batch.Positions, _rope) : _pictures.Angles(batch, _rope, ops);      // [rows, head size]
        var hidden = _embedding.Forward(batch.TokenIds, ops);                           // [rows, hidden]
        _pictures?.Place(hidden, batch, ops);
        batch.Capture?.Begin();
        for (var i = 0; i < _layers.Length; i++)
        {
            batch.HiddenStates?.Invoke(i, hidden);
            _pictures?.AddBefore(i, hidden, batch, ops);
            batch.Capture?.See(i, hidden, ops);
            _layers[i].Forward(hidden, angles, batch, ops);
        }

        _pictures?.AddBefore(_layers.Length, hidden, batch, ops);

        // A row's norm does not depend on the other rows, so the one for the observer and the one for the head agree.
        batch.HiddenStates?.Invoke(_layers.Length, _finalNorm.Forward(hidden, ops));
        if (batch.Capture?.Wants(_layers.Length) == true)
        {
            batch.Capture.See(_layers.Length, _finalNorm.Forward(hidden, ops), ops);
        }

        var wanted = ops.Rows(hidden, batch.LogitRows);                                 // [wanted, hidden]
        return _head.Forward(_finalNorm.Forward(wanted, ops), ops);                     // [wanted, vocabulary]
    }
}

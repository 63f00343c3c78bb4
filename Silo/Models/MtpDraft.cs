using XLLM.NativeBackends.Ops;
using XLLM.Silo.Models.Layers;
using XLLM.Silo.Weights;

namespace XLLM.Silo.Models;

/// <summary>A multi-token-prediction layer as a draft model: the next token's embedding and the target's last state, joined, through one layer of the family.</summary>
/// <remarks>
/// Source: DeepSeek-V3 (arXiv:2412.19437) section 2.2; weight names are those of the published checkpoints. The target's state is taken after its final norm, and the
/// layer's own is handed on after its norm, as in the reference implementation.
/// </remarks>
internal sealed class MtpDraft : IDraftModel
{
    private readonly Embedding _embedding;
    private readonly RmsNorm _tokenNorm;
    private readonly RmsNorm _stateNorm;
    private readonly Linear _join;
    private readonly IDecoderLayer _layer;
    private readonly RmsNorm _finalNorm;
    private readonly Linear _head;
    private readonly RopeTable _rope;

    /// <param name="config">Sizes; those of the target.</param>
    /// <param name="at">Where "enorm", "hnorm", "eh_proj" and "shared_head.norm" are; "embed_tokens" and "shared_head.head" may be there.</param>
    /// <param name="target">Lends its embedding and head where the layer has none of its own.</param>
    /// <param name="layer">The family's layer, with KV layer 0.</param>
    /// <param name="kept">What that layer keeps.</param>
    public MtpDraft(DecoderConfig config, Checkpoint at, IDraftTarget target, IDecoderLayer layer, KvGroup kept)
    {
        _embedding = at.Has("embed_tokens.weight") ? new(at.At("embed_tokens"), config.VocabSize, config.HiddenSize) : target.Embedding;
        _tokenNorm = new(at.At("enorm"), config.HiddenSize, config.RmsNormEps);
        _stateNorm = new(at.At("hnorm"), config.HiddenSize, config.RmsNormEps);
        _join = new(at.At("eh_proj"), config.HiddenSize, 2 * config.HiddenSize);
        _layer = layer;
        _finalNorm = new(at.At("shared_head.norm"), config.HiddenSize, config.RmsNormEps);
        _head = at.Has("shared_head.head.weight") ? new(at.At("shared_head.head"), config.VocabSize, config.HiddenSize) : target.Head;
        _rope = config.Rope.Table(config.RotatedColumns, at);
        VocabularySize = config.VocabSize;
        MaxContext = config.MaxContext;
        KvLayout = new([kept]);
        TargetLayers = [target.LayerCount];
    }

    /// <inheritdoc/>
    public int VocabularySize { get; }

    /// <inheritdoc/>
    public int MaxContext { get; }

    /// <inheritdoc/>
    public KvLayout KvLayout { get; }

    /// <inheritdoc/>
    public IReadOnlyList<int> TargetLayers { get; }

    /// <inheritdoc/>
    public int FirstPosition => 1;

    /// <inheritdoc/>
    public int TargetToken(int draftToken) => draftToken;

    /// <inheritdoc/>
    public Tensor Enter(Tensor targetStates, IOps ops) => targetStates;

    /// <inheritdoc/>
    public DraftOutput Forward(ForwardBatch batch, Tensor states, IOps ops)
    {
        var angles = ops.RopeAngles(batch.Positions, _rope);                            // [rows, head size]
        var token = _tokenNorm.Forward(_embedding.Forward(batch.TokenIds, ops), ops);   // [rows, hidden]
        var hidden = _join.Forward(ops.JoinHeads(token, _stateNorm.Forward(states, ops), heads: 1), ops);
        _layer.Forward(hidden, angles, batch, ops);
        var normalized = _finalNorm.Forward(hidden, ops);                               // [rows, hidden]
        return new(normalized, _head.Forward(ops.Rows(normalized, batch.LogitRows), ops));
    }
}

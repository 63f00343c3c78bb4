using XLLM.NativeBackends.Ops;
using XLLM.Silo.Models.Layers;
using XLLM.Silo.Weights;

namespace XLLM.Silo.Models;

/// <summary>An EAGLE-3 head: three of the target's hidden states made one, joined with the next token's embedding, through one Llama layer to a smaller vocabulary.</summary>
/// <remarks>
/// Source: Li et al. 2025 (arXiv:2503.01840); weight names are those of the published heads ("midlayer", or "layers.0" where that is what the file has).
/// <c>eagle_aux_hidden_state_layer_ids</c> names the layers that the states enter. Published trainers disagree on whether they count the input or the output of a layer;
/// one off makes a head guess worse and no answer wrong.
/// </remarks>
internal sealed class Eagle3 : IDraftModel
{
    private readonly Embedding _embedding;
    private readonly Linear _fuse;
    private readonly RmsNorm _tokenNorm;
    private readonly RmsNorm _stateNorm;
    private readonly GroupedQueryAttention _attention;
    private readonly RmsNorm _feedForwardNorm;
    private readonly GatedFeedForward _feedForward;
    private readonly RmsNorm _finalNorm;
    private readonly Linear _head;
    private readonly RopeTable _rope;
    private readonly int[] _targetTokens;

    private Eagle3(DecoderConfig config, int draftVocabulary, IReadOnlyList<int> targetLayers, Checkpoint checkpoint, IDraftTarget target)
    {
        var layer = checkpoint.At(checkpoint.Has("layers.0.hidden_norm.weight") ? "layers.0" : "midlayer");
        _embedding = checkpoint.Has("embed_tokens.weight") ? new(checkpoint.At("embed_tokens"), config.VocabSize, config.HiddenSize) : target.Embedding;
        _fuse = new(checkpoint.At("fc"), config.HiddenSize, targetLayers.Count * target.HiddenSize);
        _tokenNorm = new(layer.At("input_layernorm"), config.HiddenSize, config.RmsNormEps);
        _stateNorm = new(layer.At("hidden_norm"), config.HiddenSize, config.RmsNormEps);
        _attention = new(layer.At("self_attn"), 0, config.HiddenSize, config.Heads, config.AttentionBias, config.AttentionBias, inputs: 2 * config.HiddenSize);
        _feedForwardNorm = new(layer.At("post_attention_layernorm"), config.HiddenSize, config.RmsNormEps);
        _feedForward = new(layer.At("mlp"), config.HiddenSize, config.IntermediateSize, config.MlpBias);
        _finalNorm = new(checkpoint.At("norm"), config.HiddenSize, config.RmsNormEps);
        _head = new(checkpoint.At("lm_head"), draftVocabulary, config.HiddenSize);
        _rope = config.Rope.Table(config.RotatedColumns, checkpoint);
        _targetTokens = ReadTargetTokens(checkpoint, draftVocabulary, config.VocabSize);
        VocabularySize = draftVocabulary;
        MaxContext = config.MaxContext;
        KvLayout = new([new(KvGroupKind.FullAttention, [0], config.Heads.KvHeads, config.Heads.HeadSize)]);
        TargetLayers = targetLayers;
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
    public int FirstPosition => 0;

    /// <summary>Builds a head from its files.</summary>
    public static IDraftModel Create(ModelConfigReader file, Checkpoint checkpoint, IDraftTarget target)
    {
        var config = DecoderConfig.Read(file);
        if (config.NumHiddenLayers != 1)
        {
            throw file.Unsupported("num_hidden_layers", $"is {config.NumHiddenLayers}; EAGLE-3 heads of one layer are supported");
        }

        // EAGLE 3.1: norms that this wiring does not have. Left unread, the head would guess without them.
        foreach (var field in (string[])["fc_norm", "norm_output", "norm_before_residual", "norm_before_fc", "tie_word_embeddings"])
        {
            if (file.Flag(field, missing: false))
            {
                throw file.Unsupported(field, "is true, which is not supported in an EAGLE-3 head");
            }
        }

        var draftVocabulary = file.OptionalInteger("draft_vocab_size", 1, config.VocabSize) ?? config.VocabSize;
        return new Eagle3(config, draftVocabulary, ReadTargetLayers(file, target.LayerCount), checkpoint, target);
    }

    /// <inheritdoc/>
    public int TargetToken(int draftToken) => _targetTokens[draftToken];

    /// <inheritdoc/>
    public Tensor Enter(Tensor targetStates, IOps ops) => _fuse.Forward(targetStates, ops);

    /// <inheritdoc/>
    public DraftOutput Forward(ForwardBatch batch, Tensor states, IOps ops)
    {
        var angles = ops.RopeAngles(batch.Positions, _rope);                            // [rows, head size]
        var token = _tokenNorm.Forward(_embedding.Forward(batch.TokenIds, ops), ops);   // [rows, hidden]
        var joined = ops.JoinHeads(token, _stateNorm.Forward(states, ops), heads: 1);   // [rows, 2 * hidden]
        var hidden = _attention.Forward(joined, angles, batch, ops);                    // [rows, hidden]
        ops.Add(hidden, states);
        ops.Add(hidden, _feedForward.Forward(_feedForwardNorm.Forward(hidden, ops), ops));
        var wanted = ops.Rows(hidden, batch.LogitRows);
        return new(hidden, _head.Forward(_finalNorm.Forward(wanted, ops), ops));
    }

    /// <summary>The layers that the file names; else those of the published code: near the beginning, in the middle, near the end.</summary>
    private static IReadOnlyList<int> ReadTargetLayers(ModelConfigReader file, int layers)
    {
        const string Field = "eagle_aux_hidden_state_layer_ids";
        var section = file.Section("eagle_config");
        if (section?.Flag("use_aux_hidden_state", missing: true) == false)
        {
            throw section.Unsupported("use_aux_hidden_state", "is false; heads that take several hidden states are supported");
        }

        var (where, named) = section?.Has(Field) == true ? (section, section.Integers(Field)) : (file, file.Integers(Field));
        var chosen = named.Count > 0 ? named : [2, layers / 2, layers - 3];
        for (var i = 0; i < chosen.Count; i++)
        {
            if (chosen[i] < 0 || chosen[i] >= layers || (i > 0 && chosen[i] <= chosen[i - 1]))
            {
                throw where.Fault(Field, $"{(named.Count > 0 ? "is" : "is missing, which means")} [{string.Join(", ", chosen)}]; they must ascend and be below the target's {layers} layers");
            }
        }

        return chosen;
    }

    /// <summary>d2t: how far the target's token is from the draft's. t2d says the same from the other side and is not needed.</summary>
    private static int[] ReadTargetTokens(Checkpoint checkpoint, int draftVocabulary, int vocabulary)
    {
        checkpoint.Ignore("t2d");
        var tokens = checkpoint.Has("d2t") || (draftVocabulary < vocabulary && !checkpoint.MakesTensors)
            ? checkpoint.Integers("d2t", draftVocabulary)
            : new long[draftVocabulary];
        var targets = new int[draftVocabulary];
        for (var draft = 0; draft < draftVocabulary; draft++)
        {
            var token = draft + tokens[draft];
            targets[draft] = token >= 0 && token < vocabulary
                ? (int)token
                : throw new CheckpointException($"{checkpoint.Place}: \"d2t\" makes draft token {draft} the target's token {token}, which is not in the vocabulary of {vocabulary}");
        }

        return targets;
    }
}

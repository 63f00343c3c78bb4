using XLLM.NativeBackends.Ops;
using XLLM.Silo.Models.Layers;
using XLLM.Silo.Weights;

namespace XLLM.Silo.Models;

/// <summary>GLM-4.5, 4.6 and 4.7: grouped-query attention with half of each head rotated, sigmoid routing with bias, shared experts, first layers dense.</summary>
/// <remarks>Source: GLM-4.5 technical report (arXiv:2508.06471) section 2.1. Weight names are those of the published checkpoints.</remarks>
internal static class Glm4Moe
{
    /// <summary>What the files of this decoder leave out.</summary>
    public static DecoderFamily Family { get; } = new() { RmsNormEps = 1e-5, PartialRotaryFactor = 0.5 };

    /// <summary>Builds the model from its files. The draft layers that follow the decoder's own are left for the draft model.</summary>
    public static ICausalModel Create(ModelConfigReader file, Checkpoint checkpoint)
    {
        var (config, experts, normalizeHeads) = Read(file);
        DraftLayers.Ignore(file, config.NumHiddenLayers, checkpoint);
        return new DecoderModel(config, checkpoint, (index, at) => Layer(config, experts, index, at, config.AttentionBias, normalizeHeads));
    }

    /// <summary>Builds the draft model from the layer that follows the decoder's own.</summary>
    public static IDraftModel CreateDraft(ModelConfigReader file, Checkpoint checkpoint, IDraftTarget target)
    {
        var (config, experts, normalizeHeads) = Read(file);
        var at = DraftLayers.Take(file, config.NumHiddenLayers, checkpoint);
        var kept = new KvGroup(KvGroupKind.FullAttention, [0], config.Heads.KvHeads, config.Heads.HeadSize);
        return new MtpDraft(config, at, target, Layer(config, experts, config.NumHiddenLayers, at, config.AttentionBias, normalizeHeads, kvLayer: 0), kept);
    }

    /// <summary>One layer.</summary>
    /// <param name="config">Sizes.</param>
    /// <param name="experts">Which layers have experts, and how those are chosen.</param>
    /// <param name="index">Which.</param>
    /// <param name="at">Where its tensors are.</param>
    /// <param name="inputBias">Whether the query, key and value projections have biases.</param>
    /// <param name="normalizeHeads">Whether every query and key head is normalized.</param>
    /// <param name="kvLayer">Its index into the step's KV layers; null: <paramref name="index"/>.</param>
    public static PreNormLayer Layer(DecoderConfig config, ExpertConfig experts, int index, Checkpoint at, bool inputBias, bool normalizeHeads, int? kvLayer = null)
    {
        var self = at.At("self_attn");
        var attention = new GroupedQueryAttention(self, kvLayer ?? index, config.HiddenSize, config.Heads, inputBias, outputBias: false)
        {
            QueryNorm = normalizeHeads ? new(self.At("q_norm"), config.Heads.HeadSize, config.RmsNormEps) : null,
            KeyNorm = normalizeHeads ? new(self.At("k_norm"), config.Heads.HeadSize, config.RmsNormEps) : null,
        };
        IFeedForward feedForward = experts.IsIn(index)
            ? new ExpertFeedForward(at.At("mlp"), config.HiddenSize, experts)
            : new GatedFeedForward(at.At("mlp"), config.HiddenSize, config.IntermediateSize, bias: false);
        return new PreNormLayer(config, at, attention, feedForward);
    }

    private static (DecoderConfig Config, ExpertConfig Experts, bool NormalizeHeads) Read(ModelConfigReader file) =>
        (DecoderConfig.Read(file, Family), ExpertConfig.ReadDeepSeek(file, ExpertScore.Sigmoid), file.Flag("use_qk_norm", missing: false));
}

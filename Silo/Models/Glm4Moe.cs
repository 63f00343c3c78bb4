using XLLM.NativeBackends.Ops;
using XLLM.Silo.Models.Layers;
using XLLM.Silo.Weights;

namespace XLLM.Silo.Models;

/// <summary>GLM-4.5, 4.6 and 4.7: grouped-query attention with half of each head rotated, sigmoid routing with bias, shared experts, first layers dense.</summary>
/// <remarks>Source: GLM-4.5 technical report (arXiv:2508.06471) section 2.1. Weight names are those of the published checkpoints.</remarks>
internal static class Glm4Moe
{
    /// <summary>Builds the model from its files. The draft layers that follow the decoder's own are left for the draft model.</summary>
    public static ICausalModel Create(ModelConfigReader file, Checkpoint checkpoint)
    {
        var wiring = Wiring.Read(file);
        DraftLayers.Ignore(file, wiring.Config.NumHiddenLayers, checkpoint);
        return new DecoderModel(wiring.Config, checkpoint, (index, at) => wiring.Layer(index, index, at));
    }

    /// <summary>Builds the draft model from the layer that follows the decoder's own.</summary>
    public static IDraftModel CreateDraft(ModelConfigReader file, Checkpoint checkpoint, IDraftTarget target)
    {
        var wiring = Wiring.Read(file);
        var config = wiring.Config;
        var at = DraftLayers.Take(file, config.NumHiddenLayers, checkpoint);
        var kept = new KvGroup(KvGroupKind.FullAttention, [0], config.Heads.KvHeads, config.Heads.HeadSize);
        return new MtpDraft(config, at, target, wiring.Layer(config.NumHiddenLayers, kvLayer: 0, at), kept);
    }

    /// <summary>What all layers of a model share.</summary>
    private sealed record Wiring(DecoderConfig Config, ExpertConfig Experts, bool NormalizeHeads)
    {
        public static Wiring Read(ModelConfigReader file) => new(
            DecoderConfig.Read(file, new DecoderFamily { RmsNormEps = 1e-5, PartialRotaryFactor = 0.5 }),
            ExpertConfig.ReadDeepSeek(file, ExpertScore.Sigmoid),
            file.Flag("use_qk_norm", missing: false));

        public PreNormLayer Layer(int index, int kvLayer, Checkpoint at)
        {
            var self = at.At("self_attn");
            var attention = new GroupedQueryAttention(self, kvLayer, Config.HiddenSize, Config.Heads, Config.AttentionBias, outputBias: false)
            {
                QueryNorm = NormalizeHeads ? new(self.At("q_norm"), Config.Heads.HeadSize, Config.RmsNormEps) : null,
                KeyNorm = NormalizeHeads ? new(self.At("k_norm"), Config.Heads.HeadSize, Config.RmsNormEps) : null,
            };
            IFeedForward feedForward = Experts.IsIn(index)
                ? new ExpertFeedForward(at.At("mlp"), Config.HiddenSize, Experts)
                : new GatedFeedForward(at.At("mlp"), Config.HiddenSize, Config.IntermediateSize, bias: false);
            return new PreNormLayer(Config, at, attention, feedForward);
        }
    }
}

using XLLM.NativeBackends.Ops;
using XLLM.Silo.Models.Layers;
using XLLM.Silo.Weights;

namespace XLLM.Silo.Models;

/// <summary>DeepSeek-V2, V3, V3.1, Kimi-K2 and GLM-4.7-Flash: latent attention, first layers dense, routed and shared experts.</summary>
/// <remarks>Source: DeepSeek-V2 (arXiv:2405.04434), DeepSeek-V3 (arXiv:2412.19437), Kimi K2 (arXiv:2507.20534). Weight names are those of the published checkpoints.</remarks>
internal static class DeepSeek
{
    /// <summary>Builds DeepSeek-V2: softmax routing.</summary>
    /// <remarks>Its reference implementation does not put YaRN's temperature into the softmax scale, though the published one does.</remarks>
    public static ICausalModel CreateV2(ModelConfigReader file, Checkpoint checkpoint) => Create(file, checkpoint, ExpertScore.Softmax, scaleByTemperature: false);

    /// <summary>Builds DeepSeek-V3 and what is wired like it: sigmoid routing with a bias for the choice.</summary>
    public static ICausalModel CreateV3(ModelConfigReader file, Checkpoint checkpoint) => Create(file, checkpoint, ExpertScore.Sigmoid, scaleByTemperature: true);

    private static DecoderModel Create(ModelConfigReader file, Checkpoint checkpoint, ExpertScore score, bool scaleByTemperature)
    {
        var latent = LatentConfig.Read(file);
        var config = DecoderConfig.Read(file, new HeadLayout(latent.Heads, 1, latent.CacheColumns), latent.RotatedColumns);
        var experts = ExpertConfig.ReadDeepSeek(file, score);
        var temperature = scaleByTemperature ? config.Rope.Scaling.SoftmaxTemperature : 1;
        var scale = (float)(temperature * temperature / Math.Sqrt(latent.PlainColumns + latent.RotatedColumns));
        var pairing = file.Flag("rope_interleave", missing: true) ? RopePairing.Interleaved : RopePairing.Halves;
        DraftLayers.Ignore(file, config.NumHiddenLayers, checkpoint);
        return new DecoderModel(config, checkpoint, Layer, KvGroupKind.Latent);

        IDecoderLayer Layer(int index, Checkpoint at) => new PreNormLayer(
            config,
            at,
            new LatentAttention(at.At("self_attn"), index, config.HiddenSize, latent, config.RmsNormEps, scale, pairing),
            experts.IsIn(index)
                ? new ExpertFeedForward(at.At("mlp"), config.HiddenSize, experts)
                : new GatedFeedForward(at.At("mlp"), config.HiddenSize, config.IntermediateSize, bias: false));
    }
}

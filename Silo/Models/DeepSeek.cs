using XLLM.NativeBackends.Ops;
using XLLM.Silo.Models.Layers;
using XLLM.Silo.Weights;

namespace XLLM.Silo.Models;

/// <summary>DeepSeek-V2, V3, V3.1, V3.2, Kimi-K2, GLM-4.7-Flash and GLM-5: latent attention, first layers dense, routed and shared experts; the last of them sparse attention.</summary>
/// <remarks>
/// Source: DeepSeek-V2 (arXiv:2405.04434), DeepSeek-V3 (arXiv:2412.19437), Kimi K2 (arXiv:2507.20534), DeepSeek-V3.2 (deepseek-ai/DeepSeek-V3.2-Exp).
/// Weight names are those of the published checkpoints.
/// </remarks>
internal static class DeepSeek
{
    private static readonly DecoderFamily Family = new() { RmsNormEps = 1e-6, Attention = ["full_attention", "indexed_attention", "deepseek_sparse_attention"] };
    private static readonly DecoderFamily Glm = Family with { RmsNormEps = 1e-5 };

    /// <summary>Builds DeepSeek-V2: softmax routing.</summary>
    public static ICausalModel CreateV2(ModelConfigReader file, Checkpoint checkpoint) => Create(file, Family, checkpoint, ExpertScore.Softmax, LatentConfig.Read(file));

    /// <summary>Builds DeepSeek-V3, V3.1 and Kimi-K2: sigmoid routing with a bias for the choice.</summary>
    public static ICausalModel CreateV3(ModelConfigReader file, Checkpoint checkpoint) => Create(file, Family, checkpoint, ExpertScore.Sigmoid, LatentConfig.Read(file));

    /// <summary>Builds DeepSeek-V3.2: V3 with sparse attention.</summary>
    public static ICausalModel CreateV32(ModelConfigReader file, Checkpoint checkpoint) => CreateSparse(file, Family, checkpoint, RopePairing.Halves);

    /// <summary>Builds GLM-4.7-Flash: wired like V3.</summary>
    public static ICausalModel CreateGlmFlash(ModelConfigReader file, Checkpoint checkpoint) => Create(file, Glm, checkpoint, ExpertScore.Sigmoid, LatentConfig.Read(file));

    /// <summary>Builds GLM-5: V3.2 whose indexer turns neighbouring columns, and whose layers may share what an indexer has chosen.</summary>
    public static ICausalModel CreateGlm5(ModelConfigReader file, Checkpoint checkpoint) => CreateSparse(file, Glm, checkpoint, RopePairing.Interleaved);

    /// <summary>Builds the draft model of DeepSeek-V3, V3.1 and Kimi-K2 from the layer that follows the decoder's own.</summary>
    public static IDraftModel CreateV3Draft(ModelConfigReader file, Checkpoint checkpoint, IDraftTarget target) =>
        CreateDraft(file, checkpoint, target, Wiring.Read(file, Family, ExpertScore.Sigmoid, LatentConfig.Read(file)));

    /// <summary>Builds the draft model of DeepSeek-V3.2, whose layer has an indexer of its own.</summary>
    public static IDraftModel CreateV32Draft(ModelConfigReader file, Checkpoint checkpoint, IDraftTarget target)
    {
        var latent = ReadSparse(file, RopePairing.Halves);
        return CreateDraft(file, checkpoint, target, Wiring.Read(file, Family, ExpertScore.Sigmoid, latent with { Indexer = latent.Indexer! with { Layers = [0] } }));
    }

    /// <summary>Builds the draft model of GLM-4.7-Flash.</summary>
    public static IDraftModel CreateGlmFlashDraft(ModelConfigReader file, Checkpoint checkpoint, IDraftTarget target) =>
        CreateDraft(file, checkpoint, target, Wiring.Read(file, Glm, ExpertScore.Sigmoid, LatentConfig.Read(file)));

    private static DecoderModel CreateSparse(ModelConfigReader file, DecoderFamily family, Checkpoint checkpoint, RopePairing pairing) =>
        Create(file, family, checkpoint, ExpertScore.Sigmoid, ReadSparse(file, pairing));

    private static LatentConfig ReadSparse(ModelConfigReader file, RopePairing pairing)
    {
        var latent = LatentConfig.Read(file);
        if (latent.QueryRank == 0)
        {
            throw file.Fault("q_lora_rank", "is missing; the indexer's queries are made from the queries' low-rank form");
        }

        return latent with { Indexer = IndexerConfig.Read(file, file.Integer("num_hidden_layers", most: DecoderConfig.MostLayers), latent.RotatedColumns, pairing) };
    }

    private static DecoderModel Create(ModelConfigReader file, DecoderFamily family, Checkpoint checkpoint, ExpertScore score, LatentConfig latent)
    {
        var wiring = Wiring.Read(file, family, score, latent);
        DraftLayers.Ignore(file, wiring.Config.NumHiddenLayers, checkpoint);
        return new DecoderModel(wiring.Config, checkpoint, (index, at) => wiring.Layer(index, index, at), KvGroupKind.Latent, wiring.KvIndex);
    }

    private static MtpDraft CreateDraft(ModelConfigReader file, Checkpoint checkpoint, IDraftTarget target, Wiring wiring)
    {
        var config = wiring.Config;
        var at = DraftLayers.Take(file, config.NumHiddenLayers, checkpoint);
        var kept = new KvGroup(KvGroupKind.Latent, [0], config.Heads.KvHeads, config.Heads.HeadSize) { Index = wiring.KvIndex };
        return new MtpDraft(config, at, target, wiring.Layer(config.NumHiddenLayers, kvLayer: 0, at), kept);
    }

    /// <summary>What all layers of a model share.</summary>
    private sealed record Wiring(DecoderConfig Config, ExpertConfig Experts, LatentConfig Latent, float Scale, RopePairing Pairing)
    {
        public KvIndex? KvIndex => Latent.Indexer is { } indexer ? new KvIndex(indexer.Layers, indexer.Columns) : null;

        public static Wiring Read(ModelConfigReader file, DecoderFamily family, ExpertScore score, LatentConfig latent)
        {
            var config = DecoderConfig.Read(file, new HeadLayout(latent.Heads, 1, latent.CacheColumns), latent.RotatedColumns, family);
            var temperature = config.Rope.Scaling.SoftmaxTemperature;
            var scale = (float)(temperature * temperature / Math.Sqrt(latent.PlainColumns + latent.RotatedColumns));
            var pairing = file.Flag("rope_interleave", missing: true) ? RopePairing.Interleaved : RopePairing.Halves;
            return new(config, ExpertConfig.ReadDeepSeek(file, score), latent, scale, pairing);
        }

        public PreNormLayer Layer(int index, int kvLayer, Checkpoint at) => new PreNormLayer(
            Config,
            at,
            new LatentAttention(at.At("self_attn"), kvLayer, Config.HiddenSize, Latent, Scale, Pairing),
            Experts.IsIn(index)
                ? new ExpertFeedForward(at.At("mlp"), Config.HiddenSize, Experts)
                : new GatedFeedForward(at.At("mlp"), Config.HiddenSize, Config.IntermediateSize, bias: false));
    }
}

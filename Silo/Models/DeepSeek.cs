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

    private static DecoderModel CreateSparse(ModelConfigReader file, DecoderFamily family, Checkpoint checkpoint, RopePairing pairing)
    {
        var latent = LatentConfig.Read(file);
        if (latent.QueryRank == 0)
        {
            throw file.Fault("q_lora_rank", "is missing; the indexer's queries are made from the queries' low-rank form");
        }

        var indexer = IndexerConfig.Read(file, file.Integer("num_hidden_layers"), latent.RotatedColumns, pairing);
        return Create(file, family, checkpoint, ExpertScore.Sigmoid, latent with { Indexer = indexer });
    }

    private static DecoderModel Create(ModelConfigReader file, DecoderFamily family, Checkpoint checkpoint, ExpertScore score, LatentConfig latent)
    {
        var heads = new HeadLayout(latent.Heads, 1, latent.CacheColumns);
        var config = DecoderConfig.Read(file, heads, latent.RotatedColumns, family);
        var experts = ExpertConfig.ReadDeepSeek(file, score);
        var temperature = config.Rope.Scaling.SoftmaxTemperature;
        var scale = (float)(temperature * temperature / Math.Sqrt(latent.PlainColumns + latent.RotatedColumns));
        var pairing = file.Flag("rope_interleave", missing: true) ? RopePairing.Interleaved : RopePairing.Halves;
        DraftLayers.Ignore(file, config.NumHiddenLayers, checkpoint);
        return new DecoderModel(config, checkpoint, Layer, KvGroupKind.Latent, latent.Indexer is { } indexer ? new KvIndex(indexer.Layers, indexer.Columns) : null);

        IDecoderLayer Layer(int index, Checkpoint at) => new PreNormLayer(
            config,
            at,
            new LatentAttention(at.At("self_attn"), index, config.HiddenSize, latent, scale, pairing),
            experts.IsIn(index)
                ? new ExpertFeedForward(at.At("mlp"), config.HiddenSize, experts)
                : new GatedFeedForward(at.At("mlp"), config.HiddenSize, config.IntermediateSize, bias: false));
    }
}

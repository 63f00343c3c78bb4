using XLLM.Silo.Models.Layers;
using XLLM.Silo.Weights;

namespace XLLM.Silo.Models;

/// <summary>Qwen3-Next and Qwen3.5: most layers are gated delta nets, the others gated full attention; dense, or experts with one that is shared.</summary>
/// <remarks>
/// Source: the models' published configurations and the reference implementation (transformers, models qwen3_next, qwen3_5 and qwen3_5_moe).
/// Weight names are those of the published checkpoints. Multi-token-prediction layers ("mtp") are left for the draft model.
/// </remarks>
internal static class Qwen3Next
{
    /// <summary>Of transformers' configuration classes, for files without shared_expert_intermediate_size.</summary>
    private const int DefaultSharedColumns = 512;

    /// <summary>Qwen3.5's pairs of each rotary axis, where a file has none.</summary>
    private static readonly int[] Sections = [11, 11, 10];

    private static readonly DecoderFamily Family = new()
    {
        RmsNormEps = 1e-6, PartialRotaryFactor = 0.25, HeadSize = 256, ZeroCenteredNorms = true, Attention = [DeltaNetConfig.Linear, DeltaNetConfig.Full],
    };

    /// <summary>Builds Qwen3-Next: experts in most layers, queries, keys, values and gates in one matrix.</summary>
    public static ICausalModel Create(ModelConfigReader file, Checkpoint checkpoint) => Create(
        file,
        checkpoint,
        DecoderConfig.Read(file, Family),
        file.OptionalInteger("num_experts", 0) == 0 ? null : ReadExperts(file, file.Flag("norm_topk_prob", missing: true)),
        grouped: true);

    /// <summary>Builds a dense Qwen3.5 that reads text alone.</summary>
    public static ICausalModel CreateQwen35Text(ModelConfigReader file, Checkpoint checkpoint) =>
        CreateText(file, checkpoint, DecoderConfig.Read(file, Family), experts: null);

    /// <summary>Builds a Qwen3.5 with experts that reads text alone.</summary>
    public static ICausalModel CreateQwen35ExpertsText(ModelConfigReader file, Checkpoint checkpoint) =>
        CreateText(file, checkpoint, DecoderConfig.Read(file, Family with { HasDenseLayers = false }), ReadQwen35Experts(file));

    /// <summary>Builds a dense Qwen3.5, pictures in front.</summary>
    public static ICausalModel CreateQwen35(ModelConfigReader file, Checkpoint checkpoint) => CreateMultimodal(file, checkpoint, Family, _ => null);

    /// <summary>Builds a Qwen3.5 with experts, pictures in front.</summary>
    public static ICausalModel CreateQwen35Experts(ModelConfigReader file, Checkpoint checkpoint) =>
        CreateMultimodal(file, checkpoint, Family with { HasDenseLayers = false }, ReadQwen35Experts);

    /// <summary>The checkpoint may be that of the model with pictures: its encoder is left alone.</summary>
    private static DecoderModel CreateText(ModelConfigReader file, Checkpoint checkpoint, DecoderConfig config, ExpertConfig? experts)
    {
        checkpoint.At("model.visual").IgnoreTree();
        return Create(file, checkpoint, config, experts, grouped: false, at: checkpoint.AtFirst("embed_tokens.weight", "model", "model.language_model"));
    }

    private static DecoderModel CreateMultimodal(ModelConfigReader file, Checkpoint checkpoint, DecoderFamily family, Func<ModelConfigReader, ExpertConfig?> readExperts)
    {
        var files = new MultimodalFile(file, family, checkpoint, encoderFirst: false);
        var config = files.ReadDecoder();
        var experts = readExperts(files.Text);
        var pictures = files.ReadPictures(config, (section, hidden, at) => new Qwen3VisionEncoder(section, hidden, at), interleaved: true, Sections);
        return Create(files.Text, checkpoint, config, experts, grouped: false, pictures, files.Decoder);
    }

    private static DecoderModel Create(ModelConfigReader file, Checkpoint checkpoint, DecoderConfig config, ExpertConfig? experts, bool grouped, PictureInput? pictures = null, Checkpoint? at = null)
    {
        var deltaNet = DeltaNetConfig.Read(file, config.NumHiddenLayers);
        if (!file.Flag("attn_output_gate", missing: true))
        {
            throw file.Unsupported("attn_output_gate", "is false; attention of this family has an output gate");
        }

        checkpoint.At("mtp").IgnoreTree();
        return new DecoderModel(config, checkpoint, Layer, layout: Layout(config, deltaNet), pictures: pictures, at: at);

        IDecoderLayer Layer(int index, Checkpoint at)
        {
            IFeedForward feedForward = experts?.IsIn(index) == true
                ? new ExpertFeedForward(at.At("mlp"), config.HiddenSize, experts)
                : new GatedFeedForward(at.At("mlp"), config.HiddenSize, config.IntermediateSize, bias: false);
            return new PreNormLayer(config, at, deltaNet.Layers.Contains(index) ? LinearAttention(index, at.At("linear_attn")) : FullAttention(index, at.At("self_attn")), feedForward);
        }

        GatedDeltaNet LinearAttention(int index, Checkpoint at)
        {
            DeltaProjection projection = grouped ? new GroupedDeltaProjection(at, config.HiddenSize, deltaNet) : new PlainDeltaProjection(at, config.HiddenSize, deltaNet);
            return new(at, index, config.HiddenSize, deltaNet, config.RmsNormEps, projection);
        }

        GroupedQueryAttention FullAttention(int index, Checkpoint at) => new(at, index, config.HiddenSize, config.Heads, config.AttentionBias, config.AttentionBias, gated: true)
        {
            QueryNorm = new(at.At("q_norm"), config.Heads.HeadSize, config.RmsNormEps, zeroCentered: true),
            KeyNorm = new(at.At("k_norm"), config.Heads.HeadSize, config.RmsNormEps, zeroCentered: true),
        };
    }

    /// <summary>Keys and values of the layers with full attention, and the states of the others.</summary>
    private static KvLayout Layout(DecoderConfig config, DeltaNetConfig deltaNet)
    {
        int[] full = [.. Enumerable.Range(0, config.NumHiddenLayers).Except(deltaNet.Layers)];
        var groups = new List<KvGroup>();
        if (full.Length > 0)
        {
            groups.Add(new KvGroup(KvGroupKind.FullAttention, full, config.Heads.KvHeads, config.Heads.HeadSize));
        }

        if (deltaNet.Layers.Count > 0)
        {
            groups.Add(KvGroup.OfStates(deltaNet.Layers, deltaNet.State));
        }

        return new(groups);
    }

    /// <summary>Every layer has experts, and their weights always add up to one: the configuration has no say in it.</summary>
    private static ExpertConfig ReadQwen35Experts(ModelConfigReader file) => ReadExperts(file, normalize: true) with { Step = 1, DenseLayers = [] };

    private static ExpertConfig ReadExperts(ModelConfigReader file, bool normalize)
    {
        var experts = ExpertConfig.ReadQwen(file);
        return experts with
        {
            Routing = experts.Routing with { Normalize = normalize },
            SharedIntermediate = file.Has("shared_expert_intermediate_size") ? experts.SharedIntermediate : DefaultSharedColumns,
            SharedName = "shared_expert",
            GatesShared = true,
        };
    }
}

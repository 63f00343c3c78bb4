using XLLM.NativeBackends.Ops;
using XLLM.Silo.Models.Layers;
using XLLM.Silo.Weights;

namespace XLLM.Silo.Models;

/// <summary>How positions are encoded: <c>rope_theta</c> and <c>rope_scaling</c> as published, or <c>rope_parameters</c> as transformers 5 writes them.</summary>
/// <param name="Theta">Base of the frequencies.</param>
/// <param name="Scaling">How they are changed for contexts longer than the first training's.</param>
internal sealed record RopeConfig(double Theta, RopeScaling Scaling)
{
    /// <summary>Llama's and transformers' default: the first published checkpoints do not write it.</summary>
    private const double DefaultTheta = 10_000;

    /// <summary>Tokens that YaRN stretches the first training's context to; 0 for the others, whose files write the stretched length.</summary>
    public int StretchedContext => Scaling is YarnScaling yarn ? (int)Math.Min(int.MaxValue, yarn.OriginalContext * yarn.Factor) : 0;

    /// <summary>Frequencies and scale in backend memory.</summary>
    /// <param name="rotatedColumns">Columns of a head that positions turn.</param>
    /// <param name="checkpoint">Brings them there.</param>
    public RopeTable Table(int rotatedColumns, Checkpoint checkpoint) =>
        new(checkpoint.Constant("rope frequencies", Scaling.InverseFrequencies(Theta, rotatedColumns)), (float)Scaling.AttentionScale);

    /// <summary>Reads the fields.</summary>
    /// <exception cref="CheckpointException">A field is missing or out of its range, or the type of scaling is not supported.</exception>
    public static RopeConfig Read(ModelConfigReader file)
    {
        var section = file.Section("rope_parameters") ?? file.Section("rope_scaling");
        if (section is not null && !section.Has("rope_theta") && !section.Has("rope_type") && !section.Has("type"))
        {
            // Some families nest one object per kind of layer here; reading nothing out of it would be silently wrong.
            throw section.Unsupported("rope_type", "is missing; one set of rotary parameters for all layers is supported");
        }

        var theta = section?.OptionalNumber("rope_theta", 1, 1e12) ?? file.OptionalNumber("rope_theta", 1, 1e12) ?? DefaultTheta;
        return new RopeConfig(theta, section is null ? new PlainRope() : ReadScaling(section));
    }

    private static RopeScaling ReadScaling(ModelConfigReader section)
    {
        var type = section.OptionalText("rope_type") ?? section.OptionalText("type") ?? "default";
        return type switch
        {
            "default" or "mrope" => new PlainRope(),        // mrope: the frequencies are plain; which position each turns by, RotarySections reads
            "linear" => new LinearScaling(Factor(section)),
            "llama3" => ReadLlama3(section),
            "yarn" => ReadYarn(section),
            "divisors" => new FrequencyDivisors([.. section.Numbers("divisors", 1e-6, 1e6)]),
            _ => throw section.Unsupported("rope_type", $"is \"{type}\"; supported: default, linear, llama3, yarn"),
        };
    }

    private static Llama3Scaling ReadLlama3(ModelConfigReader section)
    {
        var low = section.Number("low_freq_factor", 1e-3, 1e6);
        var high = section.Number("high_freq_factor", 1e-3, 1e6);
        return high > low
            ? new Llama3Scaling(Factor(section), low, high, section.Integer("original_max_position_embeddings"))
            : throw section.Fault("high_freq_factor", $"is {high}, which is not above low_freq_factor {low}");
    }

    private static YarnScaling ReadYarn(ModelConfigReader section) => new()
    {
        Factor = Factor(section),
        OriginalContext = section.Integer("original_max_position_embeddings"),
        BetaFast = section.OptionalNumber("beta_fast", 1e-3, 1e6) ?? 32,
        BetaSlow = section.OptionalNumber("beta_slow", 1e-3, 1e6) ?? 1,
        AttentionFactor = section.OptionalNumber("attention_factor", 1e-3, 1e3),
        Mscale = section.OptionalNumber("mscale", 0, 1e3),
        MscaleAllDim = section.OptionalNumber("mscale_all_dim", 0, 1e3),
        Truncate = section.Flag("truncate", missing: true),
    };

    private static double Factor(ModelConfigReader section) => section.Number("factor", 1, 1e6);
}

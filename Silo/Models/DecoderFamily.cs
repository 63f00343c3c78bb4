namespace XLLM.Silo.Models;

/// <summary>What a family fills in where its <c>config.json</c> leaves a field out, as the class of the reference implementation does, and what it allows there.</summary>
internal sealed record DecoderFamily
{
    /// <summary>Most families: nothing is filled in but what has one meaning everywhere.</summary>
    public static DecoderFamily Common { get; } = new();

    /// <summary><c>rms_norm_eps</c>; null: it must be there.</summary>
    public double? RmsNormEps { get; init; }

    /// <summary><c>partial_rotary_factor</c>.</summary>
    public double PartialRotaryFactor { get; init; } = 1;

    /// <summary><c>head_dim</c>; null: what the hidden size and the number of heads make it.</summary>
    public int? HeadSize { get; init; }

    /// <summary>Whether there may be layers without experts, hence an <c>intermediate_size</c>.</summary>
    public bool HasDenseLayers { get; init; } = true;

    /// <summary>Whether the norms' weights are stored less one.</summary>
    public bool ZeroCenteredNorms { get; init; }

    /// <summary>What <c>layer_types</c> may name.</summary>
    public IReadOnlyList<string> Attention { get; init; } = ["full_attention"];
}

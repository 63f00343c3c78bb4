namespace XLLM.Silo.Models.Layers;

/// <summary>YaRN: like Llama 3's rule, but blended by the number of the pair, with a factor on the angles' cosines and sines. Source: Peng et al. 2023, arXiv:2309.00071.</summary>
internal sealed record YarnScaling : RopeScaling
{
    /// <summary>How much longer the context is than the first training's; at least 1.</summary>
    public required double Factor { get; init; }

    /// <summary>Tokens of the first training's context.</summary>
    public required int OriginalContext { get; init; }

    /// <summary>Pairs that turn more often than this within the first training's context stay as they are.</summary>
    public required double BetaFast { get; init; }

    /// <summary>Pairs that turn less often than this are divided by the factor.</summary>
    public required double BetaSlow { get; init; }

    /// <summary>Factor on cosines and sines; null: from the factor, equation 22 of the paper.</summary>
    public double? AttentionFactor { get; init; }

    /// <summary>DeepSeek's weight of the temperature in cosines and sines.</summary>
    public double? Mscale { get; init; }

    /// <summary>DeepSeek's weight of the temperature in the softmax scale, divided out here.</summary>
    public double? MscaleAllDim { get; init; }

    /// <summary>Whether the ends of the blend are rounded to whole pairs.</summary>
    public bool Truncate { get; init; } = true;

    /// <inheritdoc/>
    public override double SoftmaxTemperature => MscaleAllDim is { } weight and not 0 ? Temperature(weight) : 1;

    /// <inheritdoc/>
    public override double AttentionScale => AttentionFactor
        ?? (Mscale is > 0 && MscaleAllDim is > 0 ? Temperature(Mscale.Value) / Temperature(MscaleAllDim.Value) : Temperature(1));

    /// <inheritdoc/>
    protected override void Scale(float[] frequencies, double theta)
    {
        var columns = 2 * frequencies.Length;
        var low = Math.Max(Pair(BetaFast), 0);
        var high = Math.Min(Pair(BetaSlow), columns - 1);
        if (Truncate)
        {
            low = Math.Max(Math.Floor(Pair(BetaFast)), 0);
            high = Math.Min(Math.Ceiling(Pair(BetaSlow)), columns - 1);
        }

        var width = high == low ? 0.001 : high - low;       // a blend of no width is a step
        for (var i = 0; i < frequencies.Length; i++)
        {
            var slow = Math.Clamp((i - low) / width, 0, 1);
            double plain = frequencies[i];
            frequencies[i] = (float)((slow * plain / Factor) + ((1 - slow) * plain));
        }

        // The pair, counted from 0 and in fractions, that turns this often within the first training's context.
        double Pair(double turns) => columns * Math.Log(OriginalContext / (turns * 2 * Math.PI)) / (2 * Math.Log(theta));
    }

    private double Temperature(double weight) => Factor <= 1 ? 1 : (0.1 * weight * Math.Log(Factor)) + 1;
}

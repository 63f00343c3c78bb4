namespace XLLM.Silo.Models;

/// <summary>Turns a base into frequencies: one class per published way to stretch the context.</summary>
/// <remarks>
/// Plain frequencies are computed in float32, as the reference implementation does when it trains and checks a model: at position 100,000
/// a frequency that is one rounding away is an angle that is 0.01 away.
/// </remarks>
internal abstract record RopeScaling
{
    /// <summary>Factor on every cosine and sine.</summary>
    public virtual double AttentionScale => 1;

    /// <summary>Factor that latent attention puts into the softmax scale, squared; 1 but for YaRN with DeepSeek's weights.</summary>
    public virtual double SoftmaxTemperature => 1;

    /// <summary>Angle per token of each pair of columns, fastest first.</summary>
    /// <param name="theta">Base.</param>
    /// <param name="rotatedColumns">Columns of a head that are rotated; even.</param>
    /// <returns>rotatedColumns / 2 numbers.</returns>
    public float[] InverseFrequencies(double theta, int rotatedColumns)
    {
        var frequencies = new float[rotatedColumns / 2];
        for (var i = 0; i < frequencies.Length; i++)
        {
            frequencies[i] = 1 / MathF.Pow((float)theta, 2f * i / rotatedColumns);
        }

        Scale(frequencies, theta);
        return frequencies;
    }

    /// <summary>Changes the plain frequencies in place.</summary>
    protected abstract void Scale(float[] frequencies, double theta);
}

/// <summary>No scaling. Source: Su et al. 2021, arXiv:2104.09864.</summary>
internal sealed record PlainRope : RopeScaling
{
    /// <inheritdoc/>
    protected override void Scale(float[] frequencies, double theta)
    {
    }
}

/// <summary>All positions are divided by a factor. Source: Chen et al. 2023, arXiv:2306.15595.</summary>
/// <param name="Factor">At least 1.</param>
internal sealed record LinearScaling(double Factor) : RopeScaling
{
    /// <inheritdoc/>
    protected override void Scale(float[] frequencies, double theta)
    {
        for (var i = 0; i < frequencies.Length; i++)
        {
            frequencies[i] = (float)(frequencies[i] / Factor);
        }
    }
}

/// <summary>Slow frequencies are divided by a factor, fast ones stay, those between are blended. Source: Llama 3.1's published model code and config.</summary>
/// <param name="Factor">At least 1.</param>
/// <param name="LowFrequencyFactor">A wave that fits the first training's context fewer times than this is slow.</param>
/// <param name="HighFrequencyFactor">A wave that fits it more often than this is fast.</param>
/// <param name="OriginalContext">Tokens of the first training's context.</param>
internal sealed record Llama3Scaling(double Factor, double LowFrequencyFactor, double HighFrequencyFactor, int OriginalContext) : RopeScaling
{
    /// <inheritdoc/>
    protected override void Scale(float[] frequencies, double theta)
    {
        for (var i = 0; i < frequencies.Length; i++)
        {
            double plain = frequencies[i];
            var waves = OriginalContext * plain / (2 * Math.PI);
            var fast = Math.Clamp((waves - LowFrequencyFactor) / (HighFrequencyFactor - LowFrequencyFactor), 0, 1);
            frequencies[i] = (float)(((1 - fast) * plain / Factor) + (fast * plain));
        }
    }
}

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

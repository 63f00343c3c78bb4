namespace XLLM.Silo.Models.Layers;

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

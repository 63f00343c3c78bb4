namespace XLLM.Silo.Vision;

/// <summary>A resampling kernel: how much a sample weighs by its distance from the place that is computed.</summary>
/// <param name="Name">Its name in messages.</param>
/// <param name="Support">Distance, in samples of the coarser grid, from which on the weight is 0.</param>
/// <param name="Weight">Weight at a distance; symmetric, not normalized.</param>
/// <remarks>
/// The formulas and their numbers are those of the library that the models' processors resize with: <c>resample</c> in preprocessor_config.json.
/// Sources: Keys 1981, doi:10.1109/TASSP.1981.1163711 (bicubic, a = -0.5); Duchon 1979 (Lanczos, three lobes).
/// </remarks>
internal sealed record ResampleFilter(string Name, double Support, Func<double, double> Weight)
{
    private const double Cubic = -0.5;

    /// <summary>Lanczos, three lobes: 1.</summary>
    public static ResampleFilter Lanczos { get; } = new("lanczos", 3, x => x is >= -3 and < 3 ? Sinc(x) * Sinc(x / 3) : 0);

    /// <summary>Triangle: 2.</summary>
    public static ResampleFilter Bilinear { get; } = new("bilinear", 1, x => Math.Max(0, 1 - Math.Abs(x)));

    /// <summary>Cubic convolution with a = -0.5: 3, the processors' default.</summary>
    public static ResampleFilter Bicubic { get; } = new("bicubic", 2, BicubicWeight);

    /// <summary>Mean over the samples covered: 4.</summary>
    public static ResampleFilter Box { get; } = new("box", 0.5, x => x is > -0.5 and <= 0.5 ? 1 : 0);

    /// <summary>The filter of a number in preprocessor_config.json; null where the number has none (0, nearest, computes otherwise and no model asks for it).</summary>
    public static ResampleFilter? Of(int number) => number switch
    {
        1 => Lanczos,
        2 => Bilinear,
        3 => Bicubic,
        4 => Box,
        _ => null,
    };

    private static double BicubicWeight(double x)
    {
        x = Math.Abs(x);
        return x switch
        {
            < 1 => ((((Cubic + 2) * x) - (Cubic + 3)) * x * x) + 1,
            < 2 => ((((x - 5) * x) + 8) * x - 4) * Cubic,
            _ => 0,
        };
    }

    private static double Sinc(double x) => x == 0 ? 1 : Math.Sin(x * Math.PI) / (x * Math.PI);
}

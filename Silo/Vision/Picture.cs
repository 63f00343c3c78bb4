namespace XLLM.Silo.Vision;

/// <summary>A decoded picture: rows from the top, 3 bytes (red, green, blue) a pixel, nothing between rows.</summary>
internal sealed class Picture
{
    /// <summary>Colours of a pixel.</summary>
    public const int Channels = 3;

    private readonly byte[] _samples;

    /// <summary>Takes over an array; what lies behind the first width * height * 3 bytes is ignored.</summary>
    /// <param name="width">Pixels in a row, at least 1.</param>
    /// <param name="height">Rows, at least 1.</param>
    /// <param name="samples">[height, width, 3], not copied.</param>
    /// <exception cref="ArgumentException">The array is too short, or a side is not positive.</exception>
    public Picture(int width, int height, byte[] samples)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        if (samples.LongLength < (long)width * height * Channels)
        {
            throw new ArgumentException($"a picture of {width} x {height} pixels needs {(long)width * height * Channels} bytes, not {samples.LongLength}", nameof(samples));
        }

        (Width, Height, _samples) = (width, height, samples);
    }

    /// <summary>Pixels in a row.</summary>
    public int Width { get; }

    /// <summary>Rows.</summary>
    public int Height { get; }

    /// <summary>[height, width, 3].</summary>
    public ReadOnlySpan<byte> Samples => _samples.AsSpan(0, Width * Height * Channels);

    /// <summary>[width, 3]: one row, 0 is the top.</summary>
    public ReadOnlySpan<byte> Row(int y) => _samples.AsSpan(y * Width * Channels, Width * Channels);
}

namespace XLLM.Silo.Vision;

/// <summary>A picture of the right size becomes rows of numbers, one for each patch, in the order in which the encoder reads them.</summary>
/// <remarks>
/// Patches that become one token are neighbours: the order is token row, token column, patch row within the token, patch column within the token.
/// Within a patch: channel, frame, pixel row, pixel column; a still picture is the same in every frame. Checked against the processors by the
/// pixel values in the vision golden cases.
/// </remarks>
internal sealed class PatchLayout
{
    private readonly PictureProcessorConfig _config;
    private readonly float[] _values;

    public PatchLayout(PictureProcessorConfig config)
    {
        _config = config;
        _values = new float[Picture.Channels * 256];
        for (var i = 0; i < _values.Length; i++)
        {
            _values[i] = Value(config, i / 256, i % 256);
        }
    }

    /// <summary>[3 * 256]: the number that a sample becomes, by channel and sample.</summary>
    public ReadOnlySpan<float> Values => _values;

    /// <summary>The patches of a picture.</summary>
    /// <exception cref="PictureException">A side is no multiple of the unit, or the numbers are more than one array holds.</exception>
    public PictureGrid GridOf(int width, int height)
    {
        if (width % _config.Unit != 0 || height % _config.Unit != 0)
        {
            throw new PictureException($"the picture of {width} x {height} pixels is not resized for this model, so both sides must be multiples of {_config.Unit}");
        }

        var grid = new PictureGrid(1, height / _config.PatchSize, width / _config.PatchSize);
        var values = (long)grid.Patches * _config.ValuesPerPatch;
        return values <= Array.MaxLength ? grid : throw new PictureException($"the picture of {width} x {height} pixels makes {values} values; at most {Array.MaxLength} fit");
    }

    /// <summary>The numbers of a picture.</summary>
    /// <param name="picture">Both sides multiples of the unit.</param>
    /// <returns>[patches, channels * frames * patch side * patch side], float32.</returns>
    /// <exception cref="PictureException">As for <see cref="GridOf"/>.</exception>
    public float[] Patches(Picture picture)
    {
        var grid = GridOf(picture.Width, picture.Height);
        var result = new float[grid.Patches * _config.ValuesPerPatch];
        var merge = _config.MergeSize;
        var place = 0;
        for (var tokenRow = 0; tokenRow < grid.Height; tokenRow += merge)
        {
            for (var tokenColumn = 0; tokenColumn < grid.Width; tokenColumn += merge)
            {
                for (var within = 0; within < merge * merge; within++)
                {
                    var (row, column) = (tokenRow + (within / merge), tokenColumn + (within % merge));
                    Patch(picture, row * _config.PatchSize, column * _config.PatchSize, result.AsSpan(place, _config.ValuesPerPatch));
                    place += _config.ValuesPerPatch;
                }
            }
        }

        return result;
    }

    private void Patch(Picture picture, int top, int left, Span<float> to)
    {
        var (side, frames) = (_config.PatchSize, _config.TemporalPatchSize);
        for (var channel = 0; channel < Picture.Channels; channel++)
        {
            var values = _values.AsSpan(channel * 256, 256);
            var ofChannel = to.Slice(channel * frames * side * side, frames * side * side);
            for (var y = 0; y < side; y++)
            {
                var samples = picture.Row(top + y)[(left * Picture.Channels)..];
                for (var x = 0; x < side; x++)
                {
                    ofChannel[(y * side) + x] = values[samples[(x * Picture.Channels) + channel]];
                }
            }

            for (var frame = 1; frame < frames; frame++)
            {
                ofChannel[..(side * side)].CopyTo(ofChannel[(frame * side * side)..]);
            }
        }
    }

    // The processors multiply in double and subtract and divide in float: so here, or the last bit differs.
    private static float Value(PictureProcessorConfig config, int channel, int sample)
    {
        var value = config.Rescale is { } factor ? (float)(sample * factor) : sample;
        return config.Normalize is { } normalize ? (value - normalize.Mean[channel]) / normalize.Deviation[channel] : value;
    }
}

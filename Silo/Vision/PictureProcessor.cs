namespace XLLM.Silo.Vision;

/// <summary>A picture file becomes what a model's vision encoder reads. Safe for many threads.</summary>
internal sealed class PictureProcessor
{
    private readonly PictureProcessorConfig _config;
    private readonly PictureOptions _options;
    private readonly PictureDecoder _decoder;
    private readonly PatchLayout _layout;

    /// <exception cref="ArgumentException">The options have faults; all are listed.</exception>
    public PictureProcessor(PictureProcessorConfig config, PictureOptions options)
    {
        var faults = string.Join("; ", options.Faults());
        if (faults.Length > 0)
        {
            throw new ArgumentException(faults, nameof(options));
        }

        (_config, _options, _decoder, _layout) = (config, options, new PictureDecoder(options), new PatchLayout(config));
    }

    /// <summary>Side of the square of patches that becomes one token.</summary>
    public int MergeSize => _config.MergeSize;

    /// <summary>The patches of a picture of this size, without decoding it.</summary>
    /// <param name="width">Pixels, upright.</param>
    /// <param name="height">Pixels, upright.</param>
    /// <exception cref="PictureException">Proportions or a size that the model does not take.</exception>
    public PictureGrid GridOf(int width, int height)
    {
        var size = SizeFor(width, height);
        return _layout.GridOf(size.Width, size.Height);
    }

    /// <summary>Decodes, resizes and cuts one picture.</summary>
    /// <exception cref="PictureException">The picture cannot be used.</exception>
    public ProcessedPicture Process(ReadOnlyMemory<byte> file) => Process(_decoder.Decode(file));

    /// <summary>Decodes, resizes and cuts the pictures of one request, in order. A fault names the picture's place, from 1.</summary>
    /// <exception cref="PictureException">Too many pictures, or one that cannot be used.</exception>
    public IReadOnlyList<ProcessedPicture> ProcessAll(IReadOnlyList<ReadOnlyMemory<byte>> files)
    {
        if (files.Count > _options.MaxPictures)
        {
            throw new PictureException($"the request has {files.Count} pictures; at most {_options.MaxPictures} are allowed");
        }

        var result = new List<ProcessedPicture>(files.Count);
        foreach (var file in files)
        {
            try
            {
                result.Add(Process(file));
            }
            catch (PictureException fault)
            {
                throw new PictureException($"picture {result.Count + 1} of {files.Count}: {fault.Message}", fault);
            }
        }

        return result;
    }

    /// <summary>Resizes and cuts a decoded picture.</summary>
    /// <exception cref="PictureException">Proportions or a size that the model does not take.</exception>
    public ProcessedPicture Process(Picture picture)
    {
        var (width, height) = SizeFor(picture.Width, picture.Height);
        var grid = _layout.GridOf(width, height);
        var resized = _config.Resample is { } filter ? PictureResize.To(picture, width, height, filter) : picture;
        return new ProcessedPicture(_layout.Patches(resized), grid, grid.Tokens(_config.MergeSize), PictureHash.Of(resized, _layout, _config));
    }

    private (int Width, int Height) SizeFor(int width, int height) =>
        _config.Resample is null ? (width, height) : _config.Sizing.SizeFor(width, height, _config);
}

using XLLM.NativeBackends.Ops;
using XLLM.Silo.Diagnostics;
using XLLM.Silo.Execution;
using XLLM.Silo.Models;
using XLLM.Silo.Prompts;
using XLLM.Silo.Vision;

namespace XLLM.Silo.Hosting;

/// <summary>What a model that reads pictures has besides: joined here, since its prompts and its engine share the pixels.</summary>
internal sealed class VisionParts
{
    private readonly IPictureEncoder _encoder;
    private readonly PictureProcessor _processor;
    private readonly RecentlyUsed<PictureHash, ProcessedPicture> _processed;
    private readonly RecentlyUsed<PictureHash, float[]> _encoded;

    private VisionParts(IPictureEncoder encoder, int token, PictureProcessor processor, PictureOptions options)
    {
        (_encoder, _processor) = (encoder, processor);
        _processed = new(options.PixelCacheBytes, picture => picture.PixelValues.LongLength * sizeof(float));
        _encoded = new(options.EncoderCacheBytes, rows => rows.LongLength * sizeof(float));
        Tokens = (token, processor.MergeSize);
        Prompts = new PromptPictures(processor, options, token, _processed);
    }

    /// <summary>See <see cref="Engine.ServedModel.Pictures"/>.</summary>
    public (int Token, int MergeSize) Tokens { get; }

    /// <summary>Reads the pictures of conversations.</summary>
    public PromptPictures Prompts { get; }

    /// <summary>Loads them; null for a model that reads text alone.</summary>
    /// <param name="folder">The model's folder.</param>
    /// <param name="model">The model.</param>
    /// <param name="options">Bounds; checked.</param>
    /// <exception cref="PictureConfigException">The settings of its image processor are missing, damaged, or not those of its encoder.</exception>
    public static VisionParts? Load(string folder, ICausalModel model, PictureOptions options)
    {
        if (model is not { Pictures: { } encoder, PictureToken: { } token })
        {
            return null;
        }

        var config = PictureProcessorConfigReader.Read(folder);
        return config.ValuesPerPatch == encoder.ValuesPerPatch && config.MergeSize == encoder.MergeSize
            ? new(encoder, token, new PictureProcessor(config, options), options)
            : throw new PictureConfigException(
                $"{folder}: the image processor makes {config.ValuesPerPatch} values of a patch and joins {config.MergeSize} x {config.MergeSize} patches, "
                + $"but the vision encoder reads {encoder.ValuesPerPatch} and joins {encoder.MergeSize} x {encoder.MergeSize}");
    }

    /// <summary>The stage that encodes pictures in the engine.</summary>
    public IPictureStage Stage(IOps ops, PictureMetrics metrics, TimeProvider clock) =>
        new LocalPictureStage(_encoder, ops, _processor, _processed, _encoded, metrics, clock);
}

namespace XLLM.Silo.Vision;

/// <summary>What a checkpoint's preprocessor_config.json asks for, checked.</summary>
internal sealed record PictureProcessorConfig
{
    /// <summary>How the family chooses the size.</summary>
    public required IPictureSizing Sizing { get; init; }

    /// <summary>Side of a patch, in pixels.</summary>
    public required int PatchSize { get; init; }

    /// <summary>Side of the square of patches that becomes one token, in patches.</summary>
    public required int MergeSize { get; init; }

    /// <summary>Frames of a patch; a still picture is repeated as often.</summary>
    public required int TemporalPatchSize { get; init; }

    /// <summary>Fewest pixels after resizing, as the family counts them.</summary>
    public required int MinPixels { get; init; }

    /// <summary>Most pixels after resizing, as the family counts them.</summary>
    public required int MaxPixels { get; init; }

    /// <summary>The kernel of the resize; null: pictures are not resized and must fit.</summary>
    public required ResampleFilter? Resample { get; init; }

    /// <summary>What a sample from 0 to 255 is multiplied with; null: nothing.</summary>
    public required double? Rescale { get; init; }

    /// <summary>Per channel, what is subtracted after rescaling and what the rest is divided by; null: nothing.</summary>
    public required (float[] Mean, float[] Deviation)? Normalize { get; init; }

    /// <summary>What both sides are multiples of, in pixels: a token's side.</summary>
    public int Unit => PatchSize * MergeSize;

    /// <summary>Values of one patch: channels * frames * pixels.</summary>
    public int ValuesPerPatch => Picture.Channels * TemporalPatchSize * PatchSize * PatchSize;
}

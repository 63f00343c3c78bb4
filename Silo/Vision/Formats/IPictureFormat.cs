using SkiaSharp;

namespace XLLM.Silo.Vision.Formats;

/// <summary>One kind of picture file: how it is recognized, and what must be checked or taken out before a decoder sees it.</summary>
internal interface IPictureFormat
{
    /// <summary>Its name in messages.</summary>
    string Name { get; }

    /// <summary>What the decoder calls it.</summary>
    SKEncodedImageFormat Encoded { get; }

    /// <summary>Whether a file begins as files of this kind do. Any length may come.</summary>
    bool Recognizes(ReadOnlySpan<byte> file);

    /// <summary>Checks what a decoder would not, in time linear in the file and without unpacking anything.</summary>
    /// <exception cref="PictureException">The file is broken, or made to be expensive.</exception>
    DecodePlan Plan(ReadOnlyMemory<byte> file);
}

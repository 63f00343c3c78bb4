namespace XLLM.Silo.Vision.Formats;

/// <summary>What the decoder should do with a file once its format has looked at it.</summary>
/// <param name="File">The bytes to decode: those that came, or a copy without what must not be decoded.</param>
/// <param name="Unpainted">Red, green and blue of pixels that the file leaves unpainted; null keeps the decoder's black.</param>
/// <param name="Orientation">1 to 8, as in EXIF; null leaves it to the decoder to find.</param>
internal readonly record struct DecodePlan(ReadOnlyMemory<byte> File, (byte Red, byte Green, byte Blue)? Unpainted = null, int? Orientation = null);

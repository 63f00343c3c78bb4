using System.Buffers.Binary;
using System.Text;

namespace XLLM.Silo.Weights.Gguf;

/// <summary>Reads numbers and texts of a GGUF file one after the other, never past its end.</summary>
/// <param name="file">For messages.</param>
/// <param name="bytes">What is read; for a whole file of more than 2 GiB, its beginning: headers are far shorter.</param>
internal ref struct GgufCursor(string file, ReadOnlySpan<byte> bytes)
{
    /// <summary>Longest text of the file that goes into a message.</summary>
    private const int QuotedCharacters = 100;

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly ReadOnlySpan<byte> _bytes = bytes;

    /// <summary>Bytes read so far.</summary>
    public int Position { get; private set; }

    /// <summary>Bytes that follow.</summary>
    public readonly int Left => _bytes.Length - Position;

    public byte Byte(string what) => Take(1, what)[0];

    public ushort UInt16(string what) => BinaryPrimitives.ReadUInt16LittleEndian(Take(2, what));

    public uint UInt32(string what) => BinaryPrimitives.ReadUInt32LittleEndian(Take(4, what));

    public ulong UInt64(string what) => BinaryPrimitives.ReadUInt64LittleEndian(Take(8, what));

    public float Single(string what) => BinaryPrimitives.ReadSingleLittleEndian(Take(4, what));

    public double Double(string what) => BinaryPrimitives.ReadDoubleLittleEndian(Take(8, what));

    /// <summary>A number of things that follow, of so many bytes each at least: so a damaged number cannot ask for more memory than the file has bytes.</summary>
    public int Count(string what, int leastBytes)
    {
        var count = UInt64(what);
        return count <= (ulong)(Left / leastBytes)
            ? (int)count
            : throw Fault($"{what} is {count}, but the {Left} bytes that follow have room for {Left / leastBytes} at most");
    }

    /// <summary>A text: its length, then UTF-8.</summary>
    public string Text(string what)
    {
        var length = Count($"the length of {what}", 1);
        var text = Take(length, what);
        try
        {
            return StrictUtf8.GetString(text);
        }
        catch (DecoderFallbackException exception)
        {
            throw new CheckpointException($"{file}: {what} at byte {Position - length} is not valid UTF-8", exception);
        }
    }

    /// <summary>A fault of the file.</summary>
    public readonly CheckpointException Fault(string what) => new($"{file}: {what}");

    /// <summary>A text of the file, short enough for a message.</summary>
    public static string Quoted(string text) => text.Length <= QuotedCharacters ? $"\"{text}\"" : $"\"{text[..QuotedCharacters]}...\"";

    private ReadOnlySpan<byte> Take(int count, string what)
    {
        if (count > Left)
        {
            throw Fault($"ends at byte {_bytes.Length} inside {what}, which needs {count} bytes from byte {Position}; is it cut off?");
        }

        Position += count;
        return _bytes.Slice(Position - count, count);
    }
}

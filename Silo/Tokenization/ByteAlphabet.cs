namespace XLLM.Silo.Tokenization;

/// <summary>
/// The 256 printable characters that byte-level vocabularies write bytes with, since JSON holds text. Bytes that are printable in Latin-1
/// (33 to 126, 161 to 172, 174 to 255) stand for themselves, the other 68 take U+0100 and on, in order. Introduced with GPT-2.
/// </summary>
internal static class ByteAlphabet
{
    private static readonly char[] Characters = new char[256];
    private static readonly short[] Bytes = new short[0x100 + 68];

    static ByteAlphabet()
    {
        Array.Fill(Bytes, (short)-1);
        var next = 0x100;
        for (var value = 0; value < 256; value++)
        {
            var printable = value is (>= 33 and <= 126) or (>= 161 and <= 172) or >= 174;
            Characters[value] = printable ? (char)value : (char)next++;
            Bytes[Characters[value]] = (short)value;
        }
    }

    public static char ToCharacter(byte value) => Characters[value];

    /// <summary>The byte, or -1 for a character that is not of the alphabet.</summary>
    public static int ToByte(char character) => character < Bytes.Length ? Bytes[character] : -1;

    /// <summary>The bytes that a token's written form stands for, or null when it has a character that is not of the alphabet.</summary>
    public static byte[]? TryParse(ReadOnlySpan<char> written)
    {
        var bytes = new byte[written.Length];
        for (var i = 0; i < written.Length; i++)
        {
            var value = ToByte(written[i]);
            if (value < 0)
            {
                return null;
            }

            bytes[i] = (byte)value;
        }

        return bytes;
    }
}

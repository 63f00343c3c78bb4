using System.Text;
using XLLM.Silo.Tokenization;

namespace XLLM.Silo.Tests.Engine;

/// <summary>A tokenizer whose tokens are given pieces of bytes, so that a test can put a character or a stop string across tokens. The last pieces are special.</summary>
internal sealed class PieceTokenizer(byte[][] pieces, int specials = 0) : ITokenizer
{
    public int VocabularySize => pieces.Length;

    public bool StripsLeadingSpace => false;

    /// <summary>Pieces for a vocabulary of 50: letters, spaces, halves of characters, and one special token, number 2.</summary>
    public static PieceTokenizer ForTinyModel()
    {
        var pieces = Enumerable.Range(0, 50).Select(i => Encoding.UTF8.GetBytes(i % 7 == 0 ? " " : string.Concat((char)('a' + (i % 5)), (char)('a' + (i % 3))))).ToArray();
        pieces[10] = [0xE2];
        pieces[11] = [0x82, 0xAC];
        pieces[12] = [0xF0, 0x9F];
        pieces[13] = [0x98, 0x80];
        return new PieceTokenizer(pieces);
    }

    /// <summary>One letter per token: no half characters, which would make the runtime's decoder allocate a few bytes for each.</summary>
    public static PieceTokenizer Letters(int count) => new([.. Enumerable.Range(0, count).Select(i => new[] { (byte)('a' + (i % 26)) })]);

    public int[] Encode(ReadOnlySpan<char> text, bool addSpecialTokens) => throw new NotSupportedException("these tests give tokens");

    public int? FindToken(string token) => null;

    public ReadOnlySpan<byte> TokenBytes(int id) => id < pieces.Length ? pieces[id] : [];

    public bool IsSpecial(int id) => id >= pieces.Length - specials;
}

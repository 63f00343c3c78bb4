using System.Globalization;
using System.Text;

namespace XLLM.Silo.Tokenization;

/// <summary>A tokenizer for random weights, which have none of their own: ids below 256 are bytes, every other id is a word made of its number.</summary>
/// <param name="vocabularySize">Columns of the model's logits, at least 256.</param>
internal sealed class ByteTokenizer(int vocabularySize) : ITokenizer
{
    private const int Bytes = 256;

    private readonly byte[][] _tokens =
        [.. Enumerable.Range(0, vocabularySize).Select(id => id < Bytes ? [(byte)id] : Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $" t{id}")))];

    /// <inheritdoc/>
    public int VocabularySize => vocabularySize;

    /// <inheritdoc/>
    public bool StripsLeadingSpace => false;

    /// <inheritdoc/>
    public int[] Encode(ReadOnlySpan<char> text, bool addSpecialTokens) => [.. Encoding.UTF8.GetBytes(text.ToArray()).Select(one => (int)one)];

    /// <inheritdoc/>
    public int? FindToken(string token) => null;

    /// <inheritdoc/>
    public ReadOnlySpan<byte> TokenBytes(int id) => (uint)id < (uint)_tokens.Length ? _tokens[id] : default;

    /// <inheritdoc/>
    public bool IsSpecial(int id) => false;
}

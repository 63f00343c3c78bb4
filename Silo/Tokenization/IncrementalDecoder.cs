using System.Text;

namespace XLLM.Silo.Tokenization;

/// <summary>
/// Turns the tokens of one stream into text that is safe to show: never half a character. Bytes that may still become a character are held
/// back; bytes that cannot any more become U+FFFD, one for each maximal part of a broken character, as Unicode recommends.
/// Whatever way a sequence is cut into calls, the emitted texts joined are the same. One instance per stream; not thread-safe.
/// </summary>
/// <param name="skipSpecialTokens">Special tokens give no text.</param>
/// <param name="continuesText">The tokens continue a text, so that a SentencePiece-like tokenizer's leading space belongs to it and is kept.</param>
internal sealed class IncrementalDecoder(ITokenizer tokenizer, bool skipSpecialTokens, bool continuesText = false)
{
    private readonly Decoder _utf8 = Encoding.UTF8.GetDecoder();
    private char[] _buffer = new char[32];
    private bool _atTextStart = !continuesText;

    /// <summary>Takes the next token.</summary>
    /// <returns>The text that became safe to show, possibly empty; valid until the next call.</returns>
    public ReadOnlySpan<char> Append(int token) => Append([token]);

    /// <summary>Takes the next tokens. An id that is in no vocabulary gives no text.</summary>
    /// <returns>The text that became safe to show, possibly empty; valid until the next call.</returns>
    public ReadOnlySpan<char> Append(scoped ReadOnlySpan<int> tokens)
    {
        var length = 0;
        foreach (var token in tokens)
        {
            if (!skipSpecialTokens || !tokenizer.IsSpecial(token))
            {
                Convert(tokenizer.TokenBytes(token), flush: false, ref length);
            }
        }

        return WithoutLeadingSpace(length);
    }

    /// <summary>Ends the stream: bytes still held back become U+FFFD. Afterwards the decoder is as new and can take another stream.</summary>
    /// <returns>The rest of the text, possibly empty; valid until the next call.</returns>
    public ReadOnlySpan<char> Flush()
    {
        var length = 0;
        Convert([], flush: true, ref length);
        var text = WithoutLeadingSpace(length);
        _atTextStart = !continuesText;
        return text;
    }

    /// <summary>Decodes all tokens at once.</summary>
    public static string Decode(ITokenizer tokenizer, ReadOnlySpan<int> tokens, bool skipSpecialTokens)
    {
        var decoder = new IncrementalDecoder(tokenizer, skipSpecialTokens);
        var text = decoder.Append(tokens).ToString();
        return string.Concat(text, decoder.Flush());
    }

    private void Convert(ReadOnlySpan<byte> bytes, bool flush, ref int length)
    {
        // Each byte gives at most one UTF-16 unit, and the at most three held back give at most three.
        var needed = length + bytes.Length + 4;
        if (_buffer.Length < needed)
        {
            Array.Resize(ref _buffer, Math.Max(needed, _buffer.Length * 2));
        }

        length += _utf8.GetChars(bytes, _buffer.AsSpan(length), flush);
    }

    private ReadOnlySpan<char> WithoutLeadingSpace(int length)
    {
        if (length == 0)
        {
            return [];
        }

        var strips = _atTextStart && tokenizer.StripsLeadingSpace && _buffer[0] == ' ';
        _atTextStart = false;
        return _buffer.AsSpan(strips ? 1 : 0, strips ? length - 1 : length);
    }
}

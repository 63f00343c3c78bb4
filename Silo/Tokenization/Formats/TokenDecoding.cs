using System.Globalization;
using System.Text;
using XLLM.Silo.Tokenization.PreTokenization;

namespace XLLM.Silo.Tokenization.Formats;

/// <summary>tokenizer.json's <c>decoder</c>: how a token's written form becomes bytes.</summary>
internal sealed class TokenDecoding
{
    private readonly List<(string Search, string Replacement)> _replacements = [];
    private bool _isByteLevel;
    private bool _fallsBackToBytes;
    private bool _fuses;

    private TokenDecoding()
    {
    }

    /// <inheritdoc cref="ITokenizer.StripsLeadingSpace"/>
    public bool StripsLeadingSpace { get; private set; }

    /// <param name="isByteLevel">Whether the model merges over bytes; such a model's tokens are bytes even without a decoder.</param>
    /// <exception cref="TokenizerException">The decoder is of an unsupported type or damaged.</exception>
    public static TokenDecoding Read(JsonField? field, bool isByteLevel)
    {
        var decoding = new TokenDecoding { _isByteLevel = field is null && isByteLevel };
        if (field is { } decoder)
        {
            decoding.Collect(decoder);
        }

        return decoding;
    }

    /// <summary>The bytes that a token of the model's vocabulary stands for.</summary>
    public byte[] Decode(string written)
    {
        if (_isByteLevel && ByteAlphabet.TryParse(written) is { } bytes)
        {
            return bytes;
        }

        if (_fallsBackToBytes && TryParseByte(written) is { } value)
        {
            return [value];
        }

        foreach (var (search, replacement) in _replacements)
        {
            written = written.Replace(search, replacement, StringComparison.Ordinal);
        }

        return Encoding.UTF8.GetBytes(written);
    }

    /// <summary>
    /// The bytes that an added token stands for. Its text is text, never the byte alphabet; but SentencePiece's marks are spaces in it too
    /// (Gemma's runs of spaces are added tokens).
    /// </summary>
    public byte[] DecodeAdded(string content) => _isByteLevel ? Encoding.UTF8.GetBytes(content) : Decode(content);

    /// <summary>The byte that a fallback token such as <c>&lt;0x0A&gt;</c> stands for, or null for another token.</summary>
    public static byte? TryParseByte(string written) =>
        written.Length == 6 && written.StartsWith("<0x", StringComparison.Ordinal) && written[5] == '>'
        && byte.TryParse(written.AsSpan(3, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value)
            ? value
            : null;

    private void Collect(JsonField field)
    {
        var type = field.Get("type");
        switch (type.AsString())
        {
            case "Sequence":
                foreach (var part in field.Get("decoders").Items())
                {
                    Collect(part);
                }

                break;
            case "ByteLevel":
                _isByteLevel = true;
                break;
            case "ByteFallback":
                _fallsBackToBytes = true;
                break;
            case "Fuse":
                _fuses = true;
                break;
            case "Replace":
                var pattern = field.Get("pattern");
                var search = PatternReader.TryString(pattern);
                _replacements.Add((
                    search is { Length: > 0 } ? search : throw pattern.Fault("a decoder's replacement is supported for a String that is not empty"),
                    field.Get("content").AsString()));
                break;
            case "Strip":
                ReadStrip(field);
                break;
            case "Metaspace":
                _replacements.Add((PreTokenizerReader.ReadMark(field).ToString(), " "));
                StripsLeadingSpace = PreTokenizerReader.ReadScheme(field) is not PrependScheme.Never;
                break;
            default:
                throw type.Fault($"the decoder {type.AsString()} is not supported");
        }
    }

    private void ReadStrip(JsonField field)
    {
        var (start, stop) = (field.Get("start").AsInteger(), field.Get("stop").AsInteger());
        if (!_fuses || field.Get("content").AsString() != " " || start is not (0 or 1) || stop != 0)
        {
            throw field.Fault($"Strip is supported behind Fuse for one leading space, but takes {start} and {stop} of \"{field.Get("content").AsString()}\"");
        }

        StripsLeadingSpace = start == 1;
    }
}

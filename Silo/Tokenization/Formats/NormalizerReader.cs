using System.Text;
using XLLM.Silo.Tokenization.Normalization;

namespace XLLM.Silo.Tokenization.Formats;

/// <summary>Reads tokenizer.json's <c>normalizer</c>.</summary>
internal static class NormalizerReader
{
    /// <summary>The normalizer, or null when the field is missing or does nothing.</summary>
    /// <exception cref="TokenizerException">The normalizer is of an unsupported type or damaged.</exception>
    public static TextNormalizer? Read(JsonField? field)
    {
        if (field is not { } normalizer)
        {
            return null;
        }

        var parts = new List<TextNormalizer>();
        Collect(normalizer, parts);
        return parts switch
        {
            [] => null,
            [var one] => one,
            _ => new NormalizerSequence(parts),
        };
    }

    private static void Collect(JsonField field, List<TextNormalizer> parts)
    {
        var type = field.Get("type");
        switch (type.AsString())
        {
            case "Sequence":
                foreach (var part in field.Get("normalizers").Items())
                {
                    Collect(part, parts);
                }

                break;
            case "NFC":
                parts.Add(new UnicodeFormNormalizer(NormalizationForm.FormC));
                break;
            case "NFD":
                parts.Add(new UnicodeFormNormalizer(NormalizationForm.FormD));
                break;
            case "NFKC":
                parts.Add(new UnicodeFormNormalizer(NormalizationForm.FormKC));
                break;
            case "NFKD":
                parts.Add(new UnicodeFormNormalizer(NormalizationForm.FormKD));
                break;
            case "Lowercase":
                parts.Add(new LowercaseNormalizer());
                break;
            case "Strip":
                parts.Add(new StripNormalizer(field.Boolean("strip_left", missing: true), field.Boolean("strip_right", missing: true)));
                break;
            case "Prepend":
                parts.Add(new PrependNormalizer(field.Get("prepend").AsString()));
                break;
            case "Replace":
                parts.Add(ReadReplace(field));
                break;
            default:
                throw type.Fault($"the normalizer {type.AsString()} is not supported");
        }
    }

    private static TextNormalizer ReadReplace(JsonField field)
    {
        var pattern = field.Get("pattern");
        var content = field.Get("content").AsString();
        return PatternReader.TryString(pattern) is { Length: > 0 } text
            ? new ReplaceNormalizer(text, content)
            : new PatternReplaceNormalizer(PatternReader.Read(pattern), content);
    }
}

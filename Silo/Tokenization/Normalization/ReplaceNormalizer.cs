using System.Text;
using XLLM.Silo.Tokenization.Patterns;

namespace XLLM.Silo.Tokenization.Normalization;

/// <summary>Replaces every occurrence of a text by another.</summary>
internal sealed class ReplaceNormalizer(string search, string replacement) : TextNormalizer
{
    public override string? Normalize(ReadOnlySpan<char> text) =>
        text.Contains(search, StringComparison.Ordinal) ? text.ToString().Replace(search, replacement, StringComparison.Ordinal) : null;
}

/// <summary>Replaces every match of a pattern by a text.</summary>
internal sealed class PatternReplaceNormalizer(Pattern pattern, string replacement) : TextNormalizer
{
    public override string? Normalize(ReadOnlySpan<char> text)
    {
        StringBuilder? builder = null;
        var copied = 0;
        var matcher = new PatternMatcher(text);
        try
        {
            for (var from = 0; pattern.TryFind(ref matcher, from, out var start, out var end); from = end > start ? end : end + matcher.LengthAt(end))
            {
                builder ??= new();
                builder.Append(text[copied..start]).Append(replacement);
                copied = end;
                if (end >= text.Length)
                {
                    break;
                }
            }
        }
        finally
        {
            matcher.Dispose();
        }

        return builder?.Append(text[copied..]).ToString();
    }
}

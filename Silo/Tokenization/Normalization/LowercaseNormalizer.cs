namespace XLLM.Silo.Tokenization.Normalization;

/// <summary>Lower case by Unicode's simple mapping, and by the one full mapping that is longer (U+0130).</summary>
internal sealed class LowercaseNormalizer : TextNormalizer
{
    public override string? Normalize(ReadOnlySpan<char> text)
    {
        var lower = text.ToString().Replace("\u0130", "i\u0307", StringComparison.Ordinal).ToLowerInvariant();
        return text.SequenceEqual(lower) ? null : lower;
    }
}

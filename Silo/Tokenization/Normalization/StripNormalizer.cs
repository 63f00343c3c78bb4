namespace XLLM.Silo.Tokenization.Normalization;

/// <summary>Takes white space away from the text's ends.</summary>
internal sealed class StripNormalizer(bool left, bool right) : TextNormalizer
{
    public override string? Normalize(ReadOnlySpan<char> text)
    {
        var stripped = left ? text.TrimStart() : text;
        stripped = right ? stripped.TrimEnd() : stripped;
        return stripped.Length == text.Length ? null : stripped.ToString();
    }
}

namespace XLLM.Silo.Tokenization.Normalization;

/// <summary>Rewrites text before it is split and encoded. Pure and thread-safe.</summary>
internal abstract class TextNormalizer
{
    /// <summary>The rewritten text, or null when the text stays as it is.</summary>
    /// <param name="text">Well-formed UTF-16.</param>
    public abstract string? Normalize(ReadOnlySpan<char> text);
}

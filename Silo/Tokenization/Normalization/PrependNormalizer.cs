namespace XLLM.Silo.Tokenization.Normalization;

/// <summary>Puts a text in front of every text that is not empty, as SentencePiece's dummy prefix.</summary>
internal sealed class PrependNormalizer(string prefix) : TextNormalizer
{
    public override string? Normalize(ReadOnlySpan<char> text) => text.IsEmpty ? null : string.Concat(prefix, text);
}

namespace XLLM.Silo.Tokenization.Normalization;

/// <summary>Several normalizers, one after another.</summary>
internal sealed class NormalizerSequence(IReadOnlyList<TextNormalizer> normalizers) : TextNormalizer
{
    public override string? Normalize(ReadOnlySpan<char> text)
    {
        string? result = null;
        foreach (var normalizer in normalizers)
        {
            result = normalizer.Normalize(result is null ? text : result) ?? result;
        }

        return result;
    }
}

using System.Text;
using XLLM.Silo.Tokenization.Unicode;

namespace XLLM.Silo.Tokenization.Normalization;

/// <summary>NFC, NFD, NFKC or NFKD.</summary>
internal sealed class UnicodeFormNormalizer(NormalizationForm form) : TextNormalizer
{
    public override string? Normalize(ReadOnlySpan<char> text) => UnicodeNormalization.Normalize(text, form);
}

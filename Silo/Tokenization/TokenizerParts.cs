using XLLM.Silo.Tokenization.Normalization;
using XLLM.Silo.Tokenization.PreTokenization;

namespace XLLM.Silo.Tokenization;

/// <summary>What a reader of tokenizer files found, ready to be put together.</summary>
internal sealed record TokenizerParts
{
    /// <summary>The file, for errors.</summary>
    public required string Source { get; init; }

    /// <summary>The bytes that each token decodes to, added tokens included.</summary>
    public required Vocabulary Vocabulary { get; init; }

    public required WordEncoder Words { get; init; }

    public TextNormalizer? Normalizer { get; init; }

    public IReadOnlyList<PreTokenizerStep> Steps { get; init; } = [];

    public IReadOnlyList<AddedToken> AddedTokens { get; init; } = [];

    public TokenFrame Frame { get; init; } = TokenFrame.None;

    /// <inheritdoc cref="ITokenizer.StripsLeadingSpace"/>
    public bool StripsLeadingSpace { get; init; }
}

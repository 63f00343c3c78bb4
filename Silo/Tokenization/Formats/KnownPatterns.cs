namespace XLLM.Silo.Tokenization.Formats;

/// <summary>
/// The pre-tokenizer patterns of tokenizers whose files do not carry one. Facts of the models they belong to, in this house's dialect
/// (<see cref="Patterns.PatternParser"/>).
/// </summary>
internal static class KnownPatterns
{
    private const string Contractions = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
    private const string Spaces = @"|\s*[\r\n]+|\s+(?!\S)|\s+";
    private const string Upper = @"\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}";
    private const string Lower = @"\p{Ll}\p{Lm}\p{Lo}\p{M}";

    /// <summary>GPT-2, r50k, p50k, and every byte-level pre-tokenizer that uses its own pattern.</summary>
    public const string Gpt2 = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

    /// <summary>cl100k, Llama 3 and GLM-4: numbers in groups of three.</summary>
    public const string Cl100k = Contractions + @"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*" + Spaces;

    /// <summary>Qwen, Qwen2 and Qwen3: numbers digit by digit.</summary>
    public const string Qwen = Contractions + @"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*" + Spaces;

    /// <summary>o200k: words also end where lower case turns into upper case.</summary>
    public const string O200k =
        $@"[^\r\n\p{{L}}\p{{N}}]?[{Upper}]*[{Lower}]+{Contractions}?|[^\r\n\p{{L}}\p{{N}}]?[{Upper}]+[{Lower}]*{Contractions}?"
        + @"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*" + Spaces;

    /// <summary>Kimi: as o200k, with runs of Han characters as words of their own.</summary>
    public const string Kimi =
        $@"[\p{{Han}}]+|[^\r\n\p{{L}}\p{{N}}]?[{Upper}&&[^\p{{Han}}]]*[{Lower}&&[^\p{{Han}}]]+{Contractions}?"
        + $@"|[^\r\n\p{{L}}\p{{N}}]?[{Upper}&&[^\p{{Han}}]]+[{Lower}&&[^\p{{Han}}]]*{Contractions}?"
        + @"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*" + Spaces;
}

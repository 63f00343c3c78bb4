namespace XLLM.Grains.Interfaces.Generation;

/// <summary>Asks for one result of the whole prompt in place of tokens: <see cref="GenerationEnded.Pooled"/>. Sampling and stop conditions then mean nothing.</summary>
/// <param name="Kind">What to make.</param>
/// <param name="Dimensions">Leading numbers of an embedding to keep, then scaled to length one; null: all.</param>
[GenerateSerializer, Immutable, Alias("xllm.pooling")]
public sealed record PoolingParameters([property: Id(0)] PoolingKind Kind, [property: Id(1)] int? Dimensions = null);

/// <summary>What is made of a prompt in place of tokens.</summary>
[GenerateSerializer, Alias("xllm.pooling-kind")]
public enum PoolingKind
{
    /// <summary>The last token's hidden state after the final norm.</summary>
    Embedding = 0,

    /// <summary>The probability of "yes" against "no" as the next token: one number from 0 to 1.</summary>
    Score = 1,
}

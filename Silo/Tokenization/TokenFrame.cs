namespace XLLM.Silo.Tokenization;

/// <summary>What a tokenizer puts around a text when special tokens are asked for, such as a leading BOS.</summary>
internal sealed record TokenFrame(int[] Before, int[] After)
{
    public static TokenFrame None { get; } = new([], []);

    /// <summary>This frame inside another.</summary>
    public TokenFrame Within(TokenFrame outer) => new([.. outer.Before, .. Before], [.. After, .. outer.After]);
}

namespace XLLM.Grains.Interfaces.Generation;

/// <summary>What a generation tells its reader. <see cref="TokensGenerated"/> any number of times, then <see cref="GenerationEnded"/> exactly once.</summary>
[GenerateSerializer, Immutable, Alias("xllm.generation-event")]
public abstract record GenerationEvent;

/// <summary>Tokens drawn since the last event, and the text that has become safe to show.</summary>
[GenerateSerializer, Immutable, Alias("xllm.tokens-generated")]
public sealed record TokensGenerated : GenerationEvent
{
    /// <summary>Place of the first of <see cref="TokenIds"/> in the generation, from 0. Readers drop what they have.</summary>
    [Id(0)]
    public required int Position { get; init; }

    /// <summary>The tokens; may be empty where only held-back text is released.</summary>
    [Id(1)]
    public required int[] TokenIds { get; init; }

    /// <summary>Text that follows all earlier text. Lags behind the tokens while a character or a possible stop string is incomplete.</summary>
    [Id(2)]
    public required string Text { get; init; }

    /// <summary>UTF-16 units of text before <see cref="Text"/> in this generation, from 0. Readers drop what they have.</summary>
    [Id(3)]
    public required int TextPosition { get; init; }

    /// <summary>One per token where asked for, else null. The end token that ends the generation has none: it is no part of the text.</summary>
    [Id(4)]
    public TokenLogprob[]? Logprobs { get; init; }

    /// <summary>UTF-16 units of <see cref="Text"/> that each token released, in order; text behind them was released by the end. Empty from engines that do not say.</summary>
    /// <remarks>With it an event of several tokens means the same as one event for each, however often the reader came: what readers make of a generation depends on its tokens alone.</remarks>
    [Id(5)]
    public int[] TextLengths { get; init; } = [];
}

/// <summary>The last event of every generation.</summary>
[GenerateSerializer, Immutable, Alias("xllm.generation-ended")]
public sealed record GenerationEnded : GenerationEvent
{
    /// <summary>Why.</summary>
    [Id(0)]
    public required EndReason Reason { get; init; }

    /// <summary>What was computed.</summary>
    [Id(1)]
    public required Usage Usage { get; init; }

    /// <summary>For people: what went wrong, with numbers; null when nothing did.</summary>
    [Id(2)]
    public string? Message { get; init; }

    /// <summary>The stop string or the text of the stop token that ended it, if one did.</summary>
    [Id(3)]
    public string? StopText { get; init; }
}

/// <summary>Why a generation ended; each value has one HTTP meaning.</summary>
[GenerateSerializer, Alias("xllm.end-reason")]
public enum EndReason
{
    /// <summary>An end token, stop token or stop string.</summary>
    Stop = 0,

    /// <summary>The most tokens asked for, or the end of the context.</summary>
    Length = 1,

    /// <summary>The caller left.</summary>
    Cancelled = 2,

    /// <summary>No room: the queue is full. 429.</summary>
    Overloaded = 3,

    /// <summary>Can never run here: more tokens than the context or the KV memory holds. 400.</summary>
    TooLong = 4,

    /// <summary>The replica stops or drains; another one may go on. 503.</summary>
    Unavailable = 5,

    /// <summary>The engine failed. 500.</summary>
    Failed = 6,
}

/// <summary>Tokens counted.</summary>
/// <param name="PromptTokens">Tokens of the prompt.</param>
/// <param name="CachedTokens">Prompt tokens whose keys and values were found in the prefix cache.</param>
/// <param name="GeneratedTokens">Tokens drawn, the end token included.</param>
/// <param name="ReasoningTokens">Of those, the ones inside a reasoning block.</param>
[GenerateSerializer, Immutable, Alias("xllm.usage")]
public sealed record Usage(
    [property: Id(0)] int PromptTokens,
    [property: Id(1)] int CachedTokens,
    [property: Id(2)] int GeneratedTokens,
    [property: Id(3)] int ReasoningTokens = 0);

/// <summary>Log probability of one drawn token, after penalties and bias, before temperature and truncation.</summary>
[GenerateSerializer, Immutable, Alias("xllm.token-logprob")]
public sealed record TokenLogprob
{
    /// <summary>The token.</summary>
    [Id(0)]
    public required int TokenId { get; init; }

    /// <summary>Its text; U+FFFD where its bytes are not whole characters.</summary>
    [Id(1)]
    public required string Text { get; init; }

    /// <summary>Its bytes.</summary>
    [Id(2)]
    public required byte[] Bytes { get; init; }

    /// <summary>Natural logarithm of its probability.</summary>
    [Id(3)]
    public required float Logprob { get; init; }

    /// <summary>The most probable tokens at this position, best first; their own <see cref="Top"/> is empty.</summary>
    [Id(4)]
    public TokenLogprob[] Top { get; init; } = [];
}

using XLLM.Grains.Interfaces.Generation;
using XLLM.Grains.Interfaces.Routing;

namespace XLLM.Grains.Interfaces.Chat;

/// <summary>A chat turn as a client asks for it. Validated by whoever made it (the gateway's parser, the SDK).</summary>
[GenerateSerializer, Immutable, Alias("xllm.chat-request")]
public sealed record ChatRequest
{
    /// <summary>Unique; in logs, in response headers.</summary>
    [Id(0)]
    public required string RequestId { get; init; }

    /// <summary>Model name.</summary>
    [Id(1)]
    public required string Model { get; init; }

    /// <summary>The conversation; with <see cref="SessionId"/> only what is new. At least one message.</summary>
    [Id(2)]
    public required IReadOnlyList<ChatMessage> Messages { get; init; }

    /// <summary>JSON array of tool definitions in OpenAI's form, as the client sent it (templates show it in its own order), or null.</summary>
    [Id(3)]
    public string? ToolsJson { get; init; }

    /// <summary>Whether tools may be called.</summary>
    [Id(4)]
    public ToolChoiceMode ToolChoice { get; init; }

    /// <summary>The function for <see cref="ToolChoiceMode.Named"/>.</summary>
    [Id(5)]
    public string? ToolChoiceName { get; init; }

    /// <summary>False: at most one call in an answer.</summary>
    [Id(6)]
    public bool ParallelToolCalls { get; init; } = true;

    /// <summary>JSON object of extra template variables (such as <c>enable_thinking</c>), or null.</summary>
    [Id(7)]
    public string? TemplateVariablesJson { get; init; }

    /// <summary>How tokens are drawn.</summary>
    [Id(8)]
    public SamplingParameters Sampling { get; init; } = new();

    /// <summary>When to end.</summary>
    [Id(9)]
    public StopParameters Stop { get; init; } = new();

    /// <summary>See <see cref="GenerationRequest.TopLogprobs"/>.</summary>
    [Id(10)]
    public int? TopLogprobs { get; init; }

    /// <summary>Lower is earlier.</summary>
    [Id(11)]
    public int Priority { get; init; }

    /// <summary>See <see cref="GenerationRequest.CacheSalt"/>.</summary>
    [Id(12)]
    public string? CacheSalt { get; init; }

    /// <summary>A durable conversation to continue or begin; null: stateless.</summary>
    [Id(13)]
    public string? SessionId { get; init; }

    /// <summary>Go on with the last message, which is the assistant's, instead of beginning an answer.</summary>
    [Id(14)]
    public bool ContinueFinalMessage { get; init; }

    /// <summary>Where the conversation's last turn ran (<see cref="ChatEnded.Holder"/>), or null. Set by a session; others who keep conversations may.</summary>
    [Id(15)]
    public PrefixHolder? LastTurn { get; init; }
}

/// <summary>A completion of plain text or tokens, without a template.</summary>
[GenerateSerializer, Immutable, Alias("xllm.completion-request")]
public sealed record CompletionRequest
{
    /// <summary>Unique.</summary>
    [Id(0)]
    public required string RequestId { get; init; }

    /// <summary>Model name.</summary>
    [Id(1)]
    public required string Model { get; init; }

    /// <summary>The prompt as text; exactly one of this and <see cref="PromptTokens"/> is set.</summary>
    [Id(2)]
    public string? Prompt { get; init; }

    /// <summary>The prompt as token ids.</summary>
    [Id(3)]
    public int[]? PromptTokens { get; init; }

    /// <summary>How tokens are drawn.</summary>
    [Id(4)]
    public SamplingParameters Sampling { get; init; } = new();

    /// <summary>When to end.</summary>
    [Id(5)]
    public StopParameters Stop { get; init; } = new();

    /// <summary>See <see cref="GenerationRequest.TopLogprobs"/>.</summary>
    [Id(6)]
    public int? TopLogprobs { get; init; }

    /// <summary>Lower is earlier.</summary>
    [Id(7)]
    public int Priority { get; init; }

    /// <summary>See <see cref="GenerationRequest.CacheSalt"/>.</summary>
    [Id(8)]
    public string? CacheSalt { get; init; }
}

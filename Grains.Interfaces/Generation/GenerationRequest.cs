using XLLM.Grains.Interfaces.Prompts;
using XLLM.Grains.Interfaces.Routing;

namespace XLLM.Grains.Interfaces.Generation;

/// <summary>Tokens in, tokens out: what an engine is asked. Immutable; has everything that is needed to start again elsewhere.</summary>
[GenerateSerializer, Immutable, Alias("xllm.generation-request")]
public sealed record GenerationRequest
{
    /// <summary>Unique; given by the caller, used in logs and to abort.</summary>
    [Id(0)]
    public required string RequestId { get; init; }

    /// <summary>Model name as in <see cref="Catalog.ModelDescriptor.Name"/>.</summary>
    [Id(1)]
    public required string Model { get; init; }

    /// <summary>The prompt; at least one token.</summary>
    [Id(2)]
    public required int[] PromptTokens { get; init; }

    /// <summary>Tokens that an earlier run of this request generated; it continues after them, and its first event has the next position. Usually empty.</summary>
    /// <remarks>They count towards the stop conditions and the usage as if this run had drawn them. Where they already meet a stop condition the run ends at once. Text that the earlier run held back is told again: its <see cref="TokensGenerated.TextPosition"/> may lie before the first new token.</remarks>
    [Id(3)]
    public int[] GeneratedTokens { get; init; } = [];

    /// <summary>How tokens are drawn.</summary>
    [Id(4)]
    public SamplingParameters Sampling { get; init; } = new();

    /// <summary>When to end.</summary>
    [Id(5)]
    public StopParameters Stop { get; init; } = new();

    /// <summary>Null: no log probabilities. 0 to 20: those of the drawn tokens, and of this many most probable ones.</summary>
    [Id(6)]
    public int? TopLogprobs { get; init; }

    /// <summary>Lower is earlier. Default 0.</summary>
    [Id(7)]
    public int Priority { get; init; }

    /// <summary>Mixed into the prefix hashes: requests with different salts share no KV blocks. Null: shared by all without a salt.</summary>
    [Id(8)]
    public string? CacheSalt { get; init; }

    /// <summary>Leave special tokens out of the text (never out of the token ids). Default true; false where a parser needs them.</summary>
    [Id(9)]
    public bool SkipSpecialTokens { get; init; } = true;

    /// <summary>Asks for one result of the prompt in place of tokens; null: tokens.</summary>
    [Id(10)]
    public PoolingParameters? Pooling { get; init; }

    /// <summary>The pictures of the prompt, in order; usually empty. Their tokens stand in <see cref="PromptTokens"/>, so a resume needs nothing else.</summary>
    [Id(11)]
    public IReadOnlyList<PromptPicture> Pictures { get; init; } = [];

    /// <summary>Who holds more of the prompt's KV blocks and should send them to the replica that runs this (<see cref="ReplicaChoice.CopyFrom"/>); null: nobody is named. A hint: what does not come is computed.</summary>
    [Id(12)]
    public PrefixHolder? CopyFrom { get; init; }
}

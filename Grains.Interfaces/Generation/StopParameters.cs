namespace XLLM.Grains.Interfaces.Generation;

/// <summary>When a generation ends.</summary>
[GenerateSerializer, Immutable, Alias("xllm.stop")]
public sealed record StopParameters
{
    /// <summary>Most tokens to generate, at least 1. Null: until the context is full.</summary>
    [Id(0)]
    public int? MaxTokens { get; init; }

    /// <summary>End tokens are not drawn, and stop strings do not end the generation, before this many tokens. Default 0.</summary>
    [Id(1)]
    public int MinTokens { get; init; }

    /// <summary>Texts that end the generation wherever they appear, also across token boundaries. Not part of the output unless <see cref="IncludeStopText"/>.</summary>
    [Id(2)]
    public IReadOnlyList<string> Strings { get; init; } = [];

    /// <summary>Token ids that end the generation, besides the model's own end tokens.</summary>
    [Id(3)]
    public IReadOnlyList<int> TokenIds { get; init; } = [];

    /// <summary>Go on past the model's end tokens; what benchmark tools send.</summary>
    [Id(4)]
    public bool IgnoreEndToken { get; init; }

    /// <summary>Keep the matched stop string in the output.</summary>
    [Id(5)]
    public bool IncludeStopText { get; init; }
}

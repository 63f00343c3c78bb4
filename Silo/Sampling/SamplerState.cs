namespace XLLM.Silo.Sampling;

/// <summary>What drawing a sequence's next token depends on besides the logits: settings, tokens so far, place in the random stream.</summary>
/// <remarks>Depends on the tokens alone, not on how the steps were cut: replaying the tokens of an interrupted run gives the same state, hence the same draws.</remarks>
internal sealed class SamplerState
{
    /// <summary>Distinct generated tokens to have room for at the start. An answer of 1,024 tokens has fewer.</summary>
    private const int FirstCapacity = 1024;

    /// <param name="settings">How tokens are drawn.</param>
    /// <param name="prompt">The prompt.</param>
    /// <param name="generated">Tokens that an earlier run generated.</param>
    public SamplerState(SamplingSettings settings, ReadOnlySpan<int> prompt, ReadOnlySpan<int> generated)
    {
        Settings = settings;
        Pipeline = new LogitsPipeline(settings);
        if (settings.CountsTokens)
        {
            Counts = new TokenCounts(prompt.Length + generated.Length + FirstCapacity);
            foreach (var token in prompt)
            {
                Counts.AddPrompt(token);
            }
        }

        foreach (var token in generated)
        {
            Observe(token);
        }
    }

    /// <summary>How tokens are drawn.</summary>
    public SamplingSettings Settings { get; }

    /// <summary>What the settings do to logits.</summary>
    public LogitsPipeline Pipeline { get; }

    /// <summary>Tokens seen; null where no penalty asks for them.</summary>
    public TokenCounts? Counts { get; }

    /// <summary>Tokens generated: the place in the random stream of the next draw.</summary>
    public int GeneratedTokens { get; private set; }

    /// <summary>The token generated last, or -1: what a placeholder in the next step stands for.</summary>
    public int LastToken { get; private set; } = -1;

    /// <summary>A token was generated.</summary>
    public void Observe(int token)
    {
        GeneratedTokens++;
        LastToken = token;
        Counts?.AddGenerated(token);
    }
}

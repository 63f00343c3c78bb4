using System.Text;
using XLLM.Grains.Interfaces.Generation;

namespace XLLM.Silo.Tests.Engine;

/// <summary>All that a reader was told, put together; checks that positions leave no gap.</summary>
internal sealed class Answer
{
    private readonly StringBuilder _text = new();

    public List<int> Tokens { get; } = [];

    public List<TokenLogprob> Logprobs { get; } = [];

    public string Text => _text.ToString();

    public int? FirstPosition { get; private set; }

    public int? FirstTextPosition { get; private set; }

    public GenerationEnded? End { get; private set; }

    /// <summary>Two answers are the same if this is.</summary>
    public string Summary =>
        $"{End?.Reason} '{End?.StopText}' {End?.Usage.GeneratedTokens} [{string.Join(' ', Tokens)}] '{Text}' "
        + string.Join(' ', Logprobs.Select(logprob => $"{logprob.TokenId}:{BitConverter.SingleToInt32Bits(logprob.Logprob):x}({string.Join(',', logprob.Top.Select(top => $"{top.TokenId}:{BitConverter.SingleToInt32Bits(top.Logprob):x}"))})"));

    public void Add(GenerationEvent told)
    {
        Assert.Null(End);
        if (told is GenerationEnded ended)
        {
            End = ended;
            return;
        }

        var tokens = Assert.IsType<TokensGenerated>(told);
        FirstPosition ??= tokens.Position;
        FirstTextPosition ??= tokens.TextPosition;
        Assert.Equal(FirstPosition + Tokens.Count, tokens.Position);
        Assert.Equal(FirstTextPosition + _text.Length, tokens.TextPosition);

        // Every token of the answer has one; the end token, which can only be the last, has none.
        Assert.True(tokens.Logprobs is null || tokens.TokenIds.Length - tokens.Logprobs.Length is 0 or 1);
        Tokens.AddRange(tokens.TokenIds);
        Logprobs.AddRange(tokens.Logprobs ?? []);
        _text.Append(tokens.Text);
    }

    /// <summary>Reads a generation to its end.</summary>
    public static async Task<Answer> ReadAsync(IAsyncEnumerable<GenerationEvent> generation, CancellationToken cancellationToken)
    {
        var answer = new Answer();
        await foreach (var told in generation.WithCancellation(cancellationToken))
        {
            answer.Add(told);
        }

        return answer;
    }
}

using XLLM.Grains.Interfaces.Generation;
using XLLM.Silo.Sampling;
using XLLM.Silo.Sequences;
using XLLM.Silo.Tokenization;

namespace XLLM.Silo.Engine;

/// <summary>A generation as the loop sees it: its sequence, what becomes of its tokens, and when they came.</summary>
/// <param name="request">What was asked for.</param>
/// <param name="stop">When tokens end it.</param>
/// <param name="text">Tokens to text.</param>
/// <param name="reader">Its reader's side.</param>
/// <param name="tokenizer">Names stop tokens.</param>
/// <param name="arrived">Timestamp of its arrival.</param>
internal sealed class ActiveGeneration(
    GenerationRequest request, StopCondition stop, OutputText text, Generation reader, ITokenizer tokenizer, long arrived)
{
    /// <summary>Its reader's side.</summary>
    public Generation Reader { get; } = reader;

    /// <summary>Its tokens. Set before it reaches the loop.</summary>
    public Sequence Sequence { get; set; } = null!;

    /// <summary>Timestamp of its arrival.</summary>
    public long Arrived { get; } = arrived;

    /// <summary>Timestamp of its first token; null before.</summary>
    public long? FirstTokenAt { get; set; }

    /// <summary>Timestamp of its last token so far.</summary>
    public long LastTokenAt { get; set; }

    /// <summary>Whether it was ever granted anything.</summary>
    public bool WasAdmitted { get; set; }

    /// <summary>Replays tokens of an earlier run: state as if they had been drawn here, and nothing told.</summary>
    /// <param name="tokens">The tokens in order.</param>
    /// <param name="textPosition">UTF-16 units of text that the earlier run has told.</param>
    /// <returns>The end, if they already meet a stop condition; tokens behind it are not looked at, and the last text is told again.</returns>
    public GenerationEnded? Replay(ReadOnlySpan<int> tokens, out int textPosition)
    {
        textPosition = 0;
        for (var i = 0; i < tokens.Length; i++)
        {
            var ended = Accept(tokens[i], i + 1, out _);
            if (ended is not null)
            {
                Reader.Begin(() => { }, tokens.Length, textPosition);
                Reader.Append(text.Take());
                return ended;
            }

            textPosition += text.Take().Length;
        }

        return null;
    }

    /// <summary>Takes a drawn token and tells the reader.</summary>
    /// <param name="drawn">The token.</param>
    /// <param name="topTokens">The most probable tokens beside it.</param>
    /// <param name="topLogprobs">Their log probabilities.</param>
    /// <returns>The end, if this token brings it. The reader has not heard of it yet.</returns>
    public GenerationEnded? Accept(in SampledToken drawn, ReadOnlySpan<int> topTokens, ReadOnlySpan<float> topLogprobs)
    {
        var ended = Accept(drawn.Token, Sequence.GeneratedTokens, out var isShown);
        Reader.Append(drawn, topTokens, topLogprobs, isShown, text.Take());
        Reader.Publish();
        return ended;
    }

    /// <summary>Its end with the result that stands in place of tokens.</summary>
    public GenerationEnded Pooled(float[] result) => Ended(EndReason.Stop, 0, null, null) with { Pooled = result };

    /// <summary>An end for a reason outside its tokens. What is held back stays untold: a continuation elsewhere tells it.</summary>
    public GenerationEnded Ended(EndReason reason, string? message) => Ended(reason, Sequence.GeneratedTokens, message, null);

    private GenerationEnded? Accept(int token, int generatedTokens, out bool isShown)
    {
        var verdict = stop.Judge(token, generatedTokens);
        isShown = verdict is StopVerdict.GoOn or StopVerdict.Length || (verdict is StopVerdict.StopToken && request.Stop.IncludeStopText);
        if (isShown && text.Append(token, searches: generatedTokens >= request.Stop.MinTokens) is { } match)
        {
            return Ended(EndReason.Stop, generatedTokens, null, match);
        }

        if (verdict is StopVerdict.GoOn)
        {
            return null;
        }

        text.Finish();
        return verdict is StopVerdict.Length
            ? Ended(EndReason.Length, generatedTokens, null, null)
            : Ended(EndReason.Stop, generatedTokens, null, verdict is StopVerdict.StopToken ? TextOf(token) : null);
    }

    private GenerationEnded Ended(EndReason reason, int generatedTokens, string? message, string? stopText) => new()
    {
        Reason = reason,
        Usage = new Usage(request.PromptTokens.Length, Sequence?.CachedTokens ?? 0, generatedTokens),
        Message = message,
        StopText = stopText,
    };

    private string TextOf(int token) => IncrementalDecoder.Decode(tokenizer, [token], skipSpecialTokens: false);
}

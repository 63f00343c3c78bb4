using System.Runtime.InteropServices;
using System.Text;
using XLLM.Grains.Interfaces.Generation;
using XLLM.Silo.Sampling;
using XLLM.Silo.Tokenization;

namespace XLLM.Silo.Engine;

/// <summary>Output that has no reader yet, as bare numbers and characters; becomes an event when it is fetched. Its memory is used again and again.</summary>
/// <param name="topLogprobs">Null: no log probabilities; else how many beside the drawn token.</param>
internal sealed class UnreadOutput(int? topLogprobs)
{
    private readonly List<int> _tokens = new(64);
    private readonly List<float> _logprobs = [];
    private readonly List<int> _topCounts = [];
    private readonly List<int> _topTokens = [];
    private readonly List<float> _topLogprobs = [];
    private readonly List<int> _logprobTokens = [];
    private readonly List<char> _text = new(256);
    private readonly List<int> _textLengths = new(64);
    private int _position;
    private int _textPosition;

    /// <summary>Whether there is nothing to tell.</summary>
    public bool IsEmpty => _tokens.Count == 0 && _text.Count == 0;

    /// <summary>Says where the output begins.</summary>
    public void Begin(int position, int textPosition) => (_position, _textPosition) = (position, textPosition);

    /// <summary>Adds a token.</summary>
    /// <param name="token">The token.</param>
    /// <param name="topTokens">The most probable tokens beside it.</param>
    /// <param name="tops">Their log probabilities.</param>
    /// <param name="isShown">False for an end token: it is counted, but it is no part of the answer, so its log probability is not either.</param>
    /// <param name="text">The text that it made safe to show.</param>
    public void Append(in SampledToken token, ReadOnlySpan<int> topTokens, ReadOnlySpan<float> tops, bool isShown, ReadOnlySpan<char> text)
    {
        _tokens.Add(token.Token);
        _textLengths.Add(text.Length);
        _text.AddRange(text);
        if (topLogprobs is not null && isShown)
        {
            _logprobTokens.Add(token.Token);
            _logprobs.Add(token.Logprob);
            _topCounts.Add(token.TopCount);
            _topTokens.AddRange(topTokens[..token.TopCount]);
            _topLogprobs.AddRange(tops[..token.TopCount]);
        }
    }

    /// <summary>Adds text that no token released.</summary>
    public void Append(ReadOnlySpan<char> text) => _text.AddRange(text);

    /// <summary>Makes an event of all that is there, and forgets it.</summary>
    public TokensGenerated Take(ITokenizer tokenizer)
    {
        var taken = new TokensGenerated
        {
            Position = _position,
            TokenIds = [.. _tokens],
            Text = new string(CollectionsMarshal.AsSpan(_text)),
            TextPosition = _textPosition,
            Logprobs = topLogprobs is null ? null : TakeLogprobs(tokenizer),
            TextLengths = [.. _textLengths],
        };
        _position += _tokens.Count;
        _textPosition += _text.Count;
        _tokens.Clear();
        _text.Clear();
        _textLengths.Clear();
        return taken;
    }

    private TokenLogprob[] TakeLogprobs(ITokenizer tokenizer)
    {
        var result = new TokenLogprob[_logprobTokens.Count];
        var next = 0;
        for (var i = 0; i < result.Length; i++)
        {
            var tops = new TokenLogprob[_topCounts[i]];
            for (var j = 0; j < tops.Length; j++, next++)
            {
                tops[j] = Named(tokenizer, _topTokens[next], _topLogprobs[next], []);
            }

            result[i] = Named(tokenizer, _logprobTokens[i], _logprobs[i], tops);
        }

        _logprobTokens.Clear();
        _logprobs.Clear();
        _topCounts.Clear();
        _topTokens.Clear();
        _topLogprobs.Clear();
        return result;
    }

    private static TokenLogprob Named(ITokenizer tokenizer, int token, float logprob, TokenLogprob[] top)
    {
        var bytes = tokenizer.TokenBytes(token).ToArray();
        return new TokenLogprob { TokenId = token, Text = Encoding.UTF8.GetString(bytes), Bytes = bytes, Logprob = logprob, Top = top };
    }
}

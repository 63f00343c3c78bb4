using XLLM.Gateway.OpenAI.Wire;
using XLLM.Grains.Interfaces.Generation;

namespace XLLM.Gateway.OpenAI.Responses;

/// <summary>Log probabilities in OpenAI's two forms.</summary>
internal static class LogprobObjects
{
    /// <summary>Smallest value written: JSON has no negative infinity. vLLM's number.</summary>
    private const float Floor = -9999;

    /// <summary>The chat form, or null where there are none.</summary>
    public static ChatLogprobs? Chat(IReadOnlyCollection<TokenLogprob>? tokens) =>
        tokens is null ? null : new() { Content = [.. tokens.Select(token => Token(token, [.. token.Top.Select(top => Token(top, null))]))] };

    /// <summary>The completion form.</summary>
    /// <param name="tokens">The tokens.</param>
    /// <param name="offset">UTF-16 units before the first of them; moved behind the last.</param>
    public static CompletionLogprobs Completion(IReadOnlyCollection<TokenLogprob> tokens, ref int offset)
    {
        var offsets = new List<int>(tokens.Count);
        foreach (var token in tokens)
        {
            offsets.Add(offset);
            offset += token.Text.Length;
        }

        return new()
        {
            Tokens = [.. tokens.Select(token => token.Text)],
            TokenLogprobs = [.. tokens.Select(token => Value(token))],
            TopLogprobs = [.. tokens.Select(Top)],
            TextOffset = offsets,
        };
    }

    /// <summary>The most probable tokens by text, and the drawn one. Of tokens with equal text the most probable counts.</summary>
    private static Dictionary<string, float> Top(TokenLogprob token)
    {
        var top = new Dictionary<string, float>(StringComparer.Ordinal);
        foreach (var one in token.Top.Append(token))
        {
            top.TryAdd(one.Text, Value(one));
        }

        return top;
    }

    private static TokenLogprobObject Token(TokenLogprob token, TokenLogprobObject[]? top) =>
        new() { Token = token.Text, Logprob = Value(token), Bytes = [.. token.Bytes.Select(one => (int)one)], TopLogprobs = top };

    private static float Value(TokenLogprob token) => token.Logprob >= Floor ? token.Logprob : Floor;
}

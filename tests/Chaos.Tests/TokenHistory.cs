using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;

namespace XLLM.Chaos.Tests;

/// <summary>What a client saw of a stream, from its first byte to its last.</summary>
internal sealed class TokenHistory
{
    private readonly StringBuilder _text = new();
    private readonly List<string> _tokens = [];
    private long _last;

    /// <summary>The answer.</summary>
    public string Text => _text.ToString();

    /// <summary>Tokens with their log probabilities, in the order they came.</summary>
    public IReadOnlyList<string> Tokens => _tokens;

    /// <summary>How it ended; null: it did not.</summary>
    public string? Finish { get; private set; }

    /// <summary>Generated tokens as the server counted them.</summary>
    public int? Counted { get; private set; }

    /// <summary>Whether the last line was there.</summary>
    public bool Done { get; private set; }

    /// <summary>What the server said instead of an answer.</summary>
    public string? Error { get; private set; }

    /// <summary>Time from sending the request to its first event: waiting in queues included, which is load and not loss.</summary>
    public TimeSpan FirstEvent { get; private set; }

    /// <summary>Longest time between two events.</summary>
    public TimeSpan LongestGap { get; private set; }

    /// <summary>Sends a request and reads its stream.</summary>
    public static async Task<TokenHistory> ReadAsync(HttpClient http, StreamCase one, CancellationToken cancellationToken)
    {
        var history = new TokenHistory { _last = Stopwatch.GetTimestamp() };
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "v1/chat/completions") { Content = new StringContent(one.Body.ToJsonString(), null, "application/json") };
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            if (!response.IsSuccessStatusCode)
            {
                history.Error = $"{(int)response.StatusCode}: {await response.Content.ReadAsStringAsync(cancellationToken)}";
                return history;
            }

            using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(cancellationToken));
            while (await reader.ReadLineAsync(cancellationToken) is { } line)
            {
                history.Add(line);
            }
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException)
        {
            history.Error = exception.Message;
        }

        return history;
    }

    /// <summary>What is wrong with it, compared with an undisturbed one; null: nothing.</summary>
    public string? Differs(TokenHistory expected)
    {
        if (Error is not null)
        {
            return $"error: {Error}";
        }

        if (!Done || Finish is null)
        {
            return $"the stream broke off after {_tokens.Count} tokens: '{Text}'";
        }

        var first = Enumerable.Range(0, Math.Min(_tokens.Count, expected._tokens.Count)).FirstOrDefault(i => _tokens[i] != expected._tokens[i], -1);
        if (first >= 0 || _tokens.Count != expected._tokens.Count)
        {
            var at = first >= 0 ? first : Math.Min(_tokens.Count, expected._tokens.Count);
            return $"token {at} of {_tokens.Count} is {_tokens.ElementAtOrDefault(at) ?? "missing"}, but of {expected._tokens.Count} undisturbed it was {expected._tokens.ElementAtOrDefault(at) ?? "none"}";
        }

        return Text != expected.Text ? $"text '{Text}' instead of '{expected.Text}'"
            : Finish != expected.Finish ? $"it ended with {Finish} instead of {expected.Finish}"
            : Counted != expected.Counted ? $"{Counted} tokens were counted instead of {expected.Counted}"
            : null;
    }

    private void Add(string line)
    {
        if (!line.StartsWith("data: ", StringComparison.Ordinal))
        {
            return;
        }

        var gap = Stopwatch.GetElapsedTime(_last);
        _last = Stopwatch.GetTimestamp();
        if (FirstEvent == TimeSpan.Zero)
        {
            FirstEvent = gap;
        }
        else
        {
            LongestGap = gap > LongestGap ? gap : LongestGap;
        }

        var data = line["data: ".Length..];
        if (data == "[DONE]")
        {
            Done = true;
            return;
        }

        var chunk = JsonNode.Parse(data)!;
        if (chunk["error"] is { } error)
        {
            Error = error.ToJsonString();
            return;
        }

        Counted = chunk["usage"]?["completion_tokens"]?.GetValue<int>() ?? Counted;
        if (chunk["choices"]!.AsArray() is [{ } choice])
        {
            _text.Append(choice["delta"]?["content"]?.GetValue<string>());
            foreach (var call in choice["delta"]?["tool_calls"]?.AsArray() ?? [])
            {
                // The id of a call is drawn anew for every request; name and arguments are the model's.
                _text.Append(call!["function"]?["name"]?.GetValue<string>()).Append(call["function"]?["arguments"]?.GetValue<string>());
            }

            Finish = choice["finish_reason"]?.GetValue<string>() ?? Finish;
            foreach (var token in choice["logprobs"]?["content"]?.AsArray() ?? [])
            {
                _tokens.Add($"{token!["token"]!.GetValue<string>()} ({token["logprob"]!.ToJsonString()})");
            }
        }
    }
}

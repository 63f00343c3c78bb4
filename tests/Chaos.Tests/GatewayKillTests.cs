using System.Net.Http.Json;
using System.Text.Json.Nodes;
using XLLM.Testing;

namespace XLLM.Chaos.Tests;

/// <summary>The gateway that a client reads from is killed: another one takes the client up where it was, and nothing runs twice.</summary>
public sealed class GatewayKillTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AStoredResponse_IsTakenUpAtAnotherGateway_AtTheEventAfterTheLastOneSeen()
    {
        Assert.SkipWhen(OneHost.Missing is not null, OneHost.Missing ?? "");
        await using var cluster = await OneHost.StartAsync("--silos", "2", "--gateways", "2");
        var gateways = (await cluster.StatusAsync()).Where(process => process.Role == "gateway").ToArray();
        using var first = new HttpClient { BaseAddress = gateways[0].Url };
        using var second = new HttpClient { BaseAddress = gateways[1].Url, Timeout = TimeSpan.FromMinutes(2) };
        await SayAsync(first, "My favourite colour is green.");

        // Long enough that the kill hits its middle.
        var body = new { model = "xllm-demo", input = "Tell me a short story about a fox named Ruby.", temperature = 0.9, background = true, stream = true, max_output_tokens = 2000 };
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/responses") { Content = JsonContent.Create(body) };
        request.Headers.Add("Idempotency-Key", "story-1");
        using var response = await first.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancel);
        var seen = new List<JsonNode>();
        await foreach (var next in EventsAsync(response))
        {
            seen.Add(next);
            if (seen.Count == 12)
            {
                await cluster.SignalAsync(gateways[0].Name);
                break;
            }
        }

        var id = seen[0]["response"]!["id"]!.GetValue<string>();
        using var taken = await second.GetAsync(
            new Uri($"/v1/responses/{id}?stream=true&starting_after={seen[^1]["sequence_number"]}", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead, Cancel);
        await foreach (var next in EventsAsync(taken))
        {
            seen.Add(next);
        }

        Assert.Equal(Enumerable.Range(0, seen.Count), seen.Select(one => one["sequence_number"]!.GetValue<int>()));
        var text = seen[^1]["response"]!["output"]![0]!["content"]![0]!["text"]!.GetValue<string>();
        Assert.Equal(text, string.Concat(seen.Where(one => one["type"]!.GetValue<string>() == "response.output_text.delta").Select(one => one["delta"]!.GetValue<string>())));

        // The client that never heard of the end asks again with its key: the same response, not a second one.
        using var retry = new HttpRequestMessage(HttpMethod.Post, "/v1/responses") { Content = JsonContent.Create(body) };
        retry.Headers.Add("Idempotency-Key", "story-1");
        using var again = await second.SendAsync(retry, Cancel);
        var retold = new List<string>();
        await foreach (var next in EventsAsync(again))
        {
            retold.Add(next.ToJsonString());
        }

        Assert.Equal(seen.Select(one => one.ToJsonString()), retold);
        Assert.Contains("green", await SayAsync(second, "What is my favourite colour?"), StringComparison.Ordinal);
    }

    private static async IAsyncEnumerable<JsonNode> EventsAsync(HttpResponseMessage response)
    {
        Assert.True(response.IsSuccessStatusCode, $"{response.StatusCode}");
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(Cancel));
        while (await reader.ReadLineAsync(Cancel) is { } line)
        {
            if (line.StartsWith("data: ", StringComparison.Ordinal))
            {
                yield return JsonNode.Parse(line["data: ".Length..])!;
            }
        }
    }

    private static async Task<string> SayAsync(HttpClient http, string text)
    {
        using var response = await http.PostAsJsonAsync(
            "/v1/chat/completions", new { model = "xllm-demo", session_id = "trip", temperature = 0, messages = new[] { new { role = "user", content = text } } }, Cancel);
        var answer = await response.Content.ReadFromJsonAsync<JsonNode>(Cancel);
        return answer?["choices"]?[0]?["message"]?["content"]?.GetValue<string>() ?? throw new InvalidOperationException($"{response.StatusCode}: {answer}");
    }
}

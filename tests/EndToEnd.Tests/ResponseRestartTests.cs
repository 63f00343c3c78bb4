using System.Net.Http.Json;
using System.Text.Json.Nodes;
using XLLM.Testing;

namespace XLLM.EndToEnd.Tests;

/// <summary>Stored responses outlive the process that writes them.</summary>
public sealed class ResponseRestartTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AStream_IsTakenUpAfterKillMinusNine_AtTheEventAfterTheLastOneSeen()
    {
        // Long enough that the kill hits its middle; drawn with a seed that only the stored response knows.
        var body = new { model = "xllm-demo", input = "Tell me a short story about a fox named Ruby.", temperature = 0.9, background = true, stream = true, max_output_tokens = 2000 };
        string state, id = "";
        var seen = new List<JsonNode>();
        await using (var first = await SiloProcess.StartAsync(["--max-context", "4096"]))
        {
            state = first.StatePath;
            using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/responses") { Content = JsonContent.Create(body) };
            using var response = await first.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancel);
            await foreach (var next in EventsAsync(response))
            {
                seen.Add(next);
                id = seen[0]["response"]!["id"]!.GetValue<string>();
                if (seen.Count == 12)
                {
                    await first.KillAsync();
                    break;
                }
            }
        }

        await using var second = await SiloProcess.StartAsync(["--max-context", "4096"], state);
        using var taken = await second.Http.GetAsync(
            new Uri($"/v1/responses/{id}?stream=true&starting_after={seen[^1]["sequence_number"]}", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead, Cancel);
        await foreach (var next in EventsAsync(taken))
        {
            seen.Add(next);
        }

        Assert.Equal(Enumerable.Range(0, seen.Count), seen.Select(one => one["sequence_number"]!.GetValue<int>()));
        var end = seen[^1]["response"]!;
        Assert.Contains(end["status"]!.GetValue<string>(), (string[])["completed", "incomplete"]);
        Assert.Equal(
            end["output"]![0]!["content"]![0]!["text"]!.GetValue<string>(),
            string.Concat(seen.Where(one => one["type"]!.GetValue<string>() == "response.output_text.delta").Select(one => one["delta"]!.GetValue<string>())));

        // The whole stream, read again, is the one that was seen in two pieces.
        using var whole = await second.Http.GetAsync(new Uri($"/v1/responses/{id}?stream=true", UriKind.Relative), Cancel);
        var all = new List<string>();
        await foreach (var next in EventsAsync(whole))
        {
            all.Add(next.ToJsonString());
        }

        Assert.Equal(seen.Select(one => one.ToJsonString()), all);
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
}

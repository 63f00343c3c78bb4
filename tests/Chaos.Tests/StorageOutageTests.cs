using System.Net.Http.Json;
using System.Text.Json.Nodes;
using XLLM.Testing;

namespace XLLM.Chaos.Tests;

/// <summary>The database is away for half a minute: answers are still given, what must be stored waits and is stored, and health says so.</summary>
public sealed class StorageOutageTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Outage = TimeSpan.FromSeconds(30);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ServingGoesOn_AndNothingAcknowledgedIsLost_WhileTheDatabaseIsAway()
    {
        Assert.SkipWhen(OneHost.Missing is not null, OneHost.Missing ?? "");
        await using var cluster = await OneHost.StartAsync("--silos", "2", "--gateways", "1");
        var processes = await cluster.StatusAsync();
        using var http = new HttpClient { BaseAddress = processes.Single(process => process.Role == "gateway").Url, Timeout = TimeSpan.FromMinutes(3) };
        var engines = processes.Where(process => process.Role == "engine").ToArray();
        await SayAsync(http, "My favourite colour is green.", session: "trip");

        await cluster.RunAsync("database", "stop");
        var waiting = SayAsync(http, "What is my favourite colour?", session: "trip");
        var until = DateTime.UtcNow + Outage;
        var (answers, wasDegraded) = (0, false);
        while (DateTime.UtcNow < until)
        {
            Assert.Contains("Tokyo", await SayAsync(http, "What is the capital of Japan?"), StringComparison.Ordinal);
            answers++;
            wasDegraded |= (await Task.WhenAll(engines.Select(HealthAsync))).Contains("degraded");
        }

        Assert.False(waiting.IsCompleted, "a turn was acknowledged although it could not be stored");
        await cluster.RunAsync("database", "start");

        Assert.Contains("green", await waiting, StringComparison.Ordinal);
        output.WriteLine($"{answers} answers while the database was away for {Outage.TotalSeconds} s");
        Assert.True(wasDegraded, "no engine's health said that storage fails");
        Assert.All(await Task.WhenAll(engines.Select(HealthAsync)), status => Assert.Equal("healthy", status));
        var stored = await http.GetFromJsonAsync<JsonNode>("/v1/sessions/trip", Cancel);
        Assert.Equal(["user", "assistant", "user", "assistant"], stored!["messages"]!.AsArray().Select(message => message!["role"]!.GetValue<string>()));
    }

    private static async Task<string> HealthAsync(OneHostProcess engine)
    {
        using var http = new HttpClient { BaseAddress = engine.Url };
        using var response = await http.GetAsync(new Uri("/health/ready", UriKind.Relative), Cancel);
        Assert.True(response.IsSuccessStatusCode, $"{engine.Name} is not ready: {response.StatusCode}");
        return JsonNode.Parse(await response.Content.ReadAsStringAsync(Cancel))!["status"]!.GetValue<string>();
    }

    private static async Task<string> SayAsync(HttpClient http, string text, string? session = null)
    {
        var body = new JsonObject { ["model"] = "xllm-demo", ["temperature"] = 0, ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = text }) };
        if (session is not null)
        {
            body["session_id"] = session;
        }

        using var response = await http.PostAsJsonAsync("/v1/chat/completions", body, Cancel);
        var answer = await response.Content.ReadFromJsonAsync<JsonNode>(Cancel);
        return answer?["choices"]?[0]?["message"]?["content"]?.GetValue<string>() ?? throw new InvalidOperationException($"{response.StatusCode}: {answer}");
    }
}

using System.Net.Http.Json;
using System.Text.Json.Nodes;
using XLLM.Testing;

namespace XLLM.EndToEnd.Tests;

/// <summary>What survives the death of the process.</summary>
public sealed class RestartTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AConversation_ContinuesAfterKillMinusNine()
    {
        string state;
        await using (var first = await SiloProcess.StartAsync())
        {
            state = first.StatePath;
            Assert.Contains("green", await SayAsync(first, "My favourite colour is green."), StringComparison.Ordinal);
            await first.KillAsync();
        }

        await using var second = await SiloProcess.StartAsync(statePath: state);
        Assert.Contains("green", await SayAsync(second, "What is my favourite colour?"), StringComparison.Ordinal);

        var stored = await second.Http.GetFromJsonAsync<JsonNode>("/v1/sessions/trip", Cancel);
        Assert.Equal(["user", "assistant", "user", "assistant"], stored!["messages"]!.AsArray().Select(message => message!["role"]!.GetValue<string>()));
    }

    private static async Task<string> SayAsync(SiloProcess silo, string text)
    {
        using var response = await silo.Http.PostAsJsonAsync(
            "/v1/chat/completions",
            new { model = "xllm-demo", session_id = "trip", temperature = 0, messages = new[] { new { role = "user", content = text } } },
            Cancel);
        var body = await response.Content.ReadFromJsonAsync<JsonNode>(Cancel);
        return body?["choices"]?[0]?["message"]?["content"]?.GetValue<string>() ?? throw new InvalidOperationException($"{response.StatusCode}: {body}");
    }
}

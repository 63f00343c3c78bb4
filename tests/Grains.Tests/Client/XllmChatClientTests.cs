using System.ComponentModel;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using XLLM.Grains.Interfaces;
using XLLM.Grains.Interfaces.Client;
using XLLM.Grains.Tests.Fakes;
using static XLLM.Grains.Tests.Fakes.GrainCluster;

namespace XLLM.Grains.Tests.Client;

public sealed class XllmChatClientTests
{
    [Fact]
    public async Task GetStreamingResponseAsync_StreamsTextReasoningAndUsage()
    {
        await using var cluster = await StartAsync();
        cluster.Model().Reply = (_, _) => "<think>two and two</think>four";
        var client = cluster.ClientServices.GetRequiredService<IChatClient>();

        var updates = await client.GetStreamingResponseAsync("2+2?", cancellationToken: Cancelled).ToListAsync(Cancelled);
        var response = updates.ToChatResponse();

        Assert.True(updates.Count > 5, $"only {updates.Count} updates");
        Assert.Equal("four", response.Text.Trim());
        Assert.Equal("two and two", string.Concat(response.Messages[0].Contents.OfType<TextReasoningContent>().Select(content => content.Text)).Trim());
        Assert.Equal((ChatFinishReason.Stop, "tiny"), (response.FinishReason, response.ModelId));
        Assert.Equal(("user:2+2?\nassistant:".Length, 30, 16), (response.Usage!.InputTokenCount, response.Usage.OutputTokenCount, response.Usage.CachedInputTokenCount));
        Assert.True(response.Usage.ReasoningTokenCount > 0);
        Assert.StartsWith("chatcmpl-", response.ResponseId, StringComparison.Ordinal);
    }

    [Fact]
    public async Task UseFunctionInvocation_CallsTheFunction_AndTheModelSeesItsResult()
    {
        await using var cluster = await StartAsync();
        cluster.Model().Reply = Weather;
        var client = cluster.ClientServices.GetRequiredService<IChatClient>().AsBuilder().UseFunctionInvocation().Build();

        var response = await client.GetResponseAsync("How is it in Oslo?", new ChatOptions { Tools = [AIFunctionFactory.Create(GetWeather)] }, Cancelled);

        Assert.Equal("It is rain in Oslo.", response.Text);
        Assert.Equal(2, cluster.Model().Requests.Count);
    }

    [Fact]
    public async Task ConversationId_KeepsTheConversation_AlsoThroughFunctionCalls()
    {
        await using var cluster = await StartAsync();
        cluster.Model().Reply = Weather;
        var client = cluster.ClientServices.GetRequiredService<IChatClient>().AsBuilder().UseFunctionInvocation().Build();
        var options = new ChatOptions { ConversationId = "oslo", Tools = [AIFunctionFactory.Create(GetWeather)] };

        var response = await client.GetResponseAsync("How is it in Oslo?", options, Cancelled);

        Assert.Equal(("oslo", "It is rain in Oslo."), (response.ConversationId, response.Text));
        var stored = await cluster.Client.GetSessionAsync("oslo");
        Assert.Equal(["user", "assistant", "tool", "assistant"], stored!.Messages.Select(message => message.Role));
    }

    [Fact]
    public async Task Failures_AreRequestExceptions_WithACode()
    {
        await using var cluster = await StartAsync();
        var client = cluster.ClientServices.GetRequiredService<IChatClient>();

        var unknown = await Assert.ThrowsAsync<RequestException>(() => client.GetResponseAsync("hi", new ChatOptions { ModelId = "nobody" }, Cancelled));
        Assert.Equal(RequestErrors.ModelNotFound, unknown.Code);
    }

    [Fact]
    public async Task Services_AreFoundThroughTheClient()
    {
        await using var cluster = await StartAsync();
        var client = cluster.ClientServices.GetRequiredService<IChatClient>();

        Assert.Equal("xllm", client.GetService<ChatClientMetadata>()!.ProviderName);
        Assert.Same(cluster.Client, client.GetService<IInferenceClient>());
        Assert.IsType<XllmChatClient>(client.GetService<XllmChatClient>());
        Assert.Null(client.GetService<string>());
    }

    [Description("The weather of a city")]
    private static string GetWeather(string city) => $"rain in {city}";

    /// <summary>Calls the tool first, and answers from its result then.</summary>
    private static string Weather(string prompt, long seed) => prompt.Contains("tool:rain in Oslo", StringComparison.Ordinal)
        ? "It is rain in Oslo."
        : """<tool_call>{"name": "_GetWeather", "arguments": {"city": "Oslo"}}</tool_call>""".Replace("_GetWeather", "GetWeather", StringComparison.Ordinal);
}

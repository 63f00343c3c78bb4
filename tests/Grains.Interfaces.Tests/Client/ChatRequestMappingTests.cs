using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using XLLM.Grains.Interfaces.Chat;
using XLLM.Grains.Interfaces.Client;
using AIChatMessage = Microsoft.Extensions.AI.ChatMessage;

namespace XLLM.Grains.Interfaces.Tests.Client;

public sealed class ChatRequestMappingTests
{
    [Fact]
    public void Map_KeepsAConversation_WithReasoningCallsAndResults()
    {
        AIChatMessage[] messages =
        [
            new(ChatRole.User, "Oslo and Rome?"),
            new(ChatRole.Assistant,
            [
                new TextReasoningContent("two calls"), new TextContent("I look."),
                new FunctionCallContent("c1", "weather", new Dictionary<string, object?> { ["city"] = "Oslo" }), new FunctionCallContent("c2", "weather"),
            ]),
            new(ChatRole.Tool, [new FunctionResultContent("c1", "rain"), new FunctionResultContent("c2", new { Sky = "blue" })]),
        ];

        var request = ChatRequestMapping.Map(messages, new ChatOptions { Instructions = "Be brief." }, "m", "r1");

        Assert.Equal(
            ["system:Be brief.", "user:Oslo and Rome?", "assistant:I look.", "tool:rain", """tool:{"sky":"blue"}"""], request.Messages.Select(message => $"{message.Role}:{message.Text}"));
        Assert.Equal("two calls", request.Messages[2].Reasoning);
        Assert.Equal([new ToolCall("c1", "weather", """{"city":"Oslo"}"""), new ToolCall("c2", "weather", "{}")], request.Messages[2].ToolCalls);
        Assert.Equal(["c1", "c2"], request.Messages.Skip(3).Select(message => message.ToolCallId));
    }

    [Fact]
    public void Map_PassesEveryOption()
    {
        var options = new ChatOptions
        {
            ConversationId = "s1", Temperature = 0.5f, TopP = 0.9f, TopK = 40, Seed = 7, MaxOutputTokens = 100, PresencePenalty = 0.1f, FrequencyPenalty = 0.2f, StopSequences = ["END"],
            AllowMultipleToolCalls = false, ToolMode = ChatToolMode.RequireSpecific("weather"),
            AdditionalProperties = new()
            {
                ["min_p"] = 0.05, ["repetition_penalty"] = 1.1f, ["logit_bias"] = new Dictionary<string, double> { ["42"] = -100 }, ["min_tokens"] = 3, ["stop_token_ids"] = new[] { 1, 2 },
                ["ignore_eos"] = true, ["include_stop_str_in_output"] = true, ["top_logprobs"] = "5", ["priority"] = JsonSerializer.SerializeToElement(-1), ["cache_salt"] = "tenant",
                ["chat_template_kwargs"] = new { enable_thinking = false }, ["continue_final_message"] = true,
            },
        };

        var request = ChatRequestMapping.Map([new(ChatRole.User, "hi")], options, "m", "r1");

        var (sampling, stop) = (request.Sampling, request.Stop);
        Assert.Equal((0.5f, 0.9f, 40, 7L, 0.1f, 0.2f), (sampling.Temperature, sampling.TopP, sampling.TopK, sampling.Seed, sampling.PresencePenalty, sampling.FrequencyPenalty));
        Assert.Equal((0.05f, 1.1f, -100f), (sampling.MinP, sampling.RepetitionPenalty, sampling.LogitBias![42]));
        Assert.Equal((100, 3, true, true), (stop.MaxTokens, stop.MinTokens, stop.IgnoreEndToken, stop.IncludeStopText));
        Assert.Equal(["END"], stop.Strings);
        Assert.Equal([1, 2], stop.TokenIds);
        Assert.Equal((5, -1, "tenant", "s1"), (request.TopLogprobs, request.Priority, request.CacheSalt, request.SessionId));
        Assert.Equal((ToolChoiceMode.Named, "weather", false, true), (request.ToolChoice, request.ToolChoiceName, request.ParallelToolCalls, request.ContinueFinalMessage));
        Assert.Equal("""{"enable_thinking":false}""", request.TemplateVariablesJson);
    }

    [Fact]
    public void Map_LeavesEverythingToTheModel_WhenNothingIsSet()
    {
        var request = ChatRequestMapping.Map([new(ChatRole.User, "hi")], null, "m", "r1");

        Assert.Equal(new ChatRequest { RequestId = "r1", Model = "m", Messages = request.Messages, Stop = request.Stop }, request);
        Assert.Equal((null, 0, 0, 0), (request.Stop.MaxTokens, request.Stop.MinTokens, request.Stop.Strings.Count, request.Stop.TokenIds.Count));
    }

    [Fact]
    public void Map_DescribesFunctions_InOpenAIsForm()
    {
        var function = AIFunctionFactory.Create((string city, int days) => city + days, "forecast", "The weather of the next days");

        var tools = JsonNode.Parse(ChatRequestMapping.Map([new(ChatRole.User, "hi")], new ChatOptions { Tools = [function] }, "m", "r1").ToolsJson!)!.AsArray();

        var tool = Assert.Single(tools)!;
        Assert.Equal("function", (string?)tool["type"]);
        Assert.Equal(("forecast", "The weather of the next days"), ((string?)tool["function"]!["name"], (string?)tool["function"]!["description"]));
        Assert.Equal(["city", "days"], tool["function"]!["parameters"]!["properties"]!.AsObject().Select(property => property.Key));
    }

    [Theory]
    [InlineData(ReasoningEffort.None, """{"enable_thinking":false}""")]
    [InlineData(ReasoningEffort.High, """{"enable_thinking":true,"reasoning_effort":"high"}""")]
    public void Map_TellsTheTemplate_HowMuchToThink(ReasoningEffort effort, string expected) =>
        Assert.Equal(
            expected, ChatRequestMapping.Map([new(ChatRole.User, "hi")], new ChatOptions { Reasoning = new ReasoningOptions { Effort = effort } }, "m", "r1").TemplateVariablesJson);

    [Fact]
    public void Map_RefusesWhatItCannotServe_ByName()
    {
        AssertFault("'min_P2' is no known additional property; known are: cache_salt, ", new ChatOptions { AdditionalProperties = new() { ["min_P2"] = 1 } });
        AssertFault("min_p must be a number, it is 'much'", new ChatOptions { AdditionalProperties = new() { ["min_p"] = "much" } });
        AssertFault("chat_template_kwargs must be a JSON object, it is '[1]'", new ChatOptions { AdditionalProperties = new() { ["chat_template_kwargs"] = "[1]" } });
        AssertFault("priority must be an integer, it is '1.5'", new ChatOptions { AdditionalProperties = new() { ["priority"] = 1.5 } });
        AssertFault("a JSON response format cannot be enforced yet", new ChatOptions { ResponseFormat = ChatResponseFormat.Json });
        AssertFault("tool 'web_search' is a HostedWebSearchTool; only functions can be called", new ChatOptions { Tools = [new HostedWebSearchTool()] });

        var audio = new AIChatMessage(ChatRole.User, [new DataContent(new byte[] { 1 }, "audio/wav")]);
        Assert.Equal(
            "a user message has DataContent, which no model here reads",
            Assert.Throws<RequestException>(() => ChatRequestMapping.Map([audio], null, "m", "r1")).Message);
    }

    private static void AssertFault(string expected, ChatOptions options)
    {
        var exception = Assert.Throws<RequestException>(() => ChatRequestMapping.Map([new(ChatRole.User, "hi")], options, "m", "r1"));
        Assert.Equal(RequestErrors.InvalidValue, exception.Code);
        Assert.StartsWith(expected, exception.Message, StringComparison.Ordinal);
    }
}

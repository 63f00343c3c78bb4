using Microsoft.Extensions.AI;
using XLLM.Grains.Interfaces.Chat;
using XLLM.Grains.Interfaces.Client;
using XLLM.Grains.Interfaces.Generation;
using ChatMessage = XLLM.Grains.Interfaces.Chat.ChatMessage;

namespace XLLM.Grains.Interfaces.Tests.Client;

public sealed class ChatUpdateMappingTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 23, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Map_TellsEachCallWhole_WhenTheNextBeginsOrTheTurnEnds()
    {
        var response = Map(
            new ChatStarted(3), new ReasoningDelta("hm"), new ContentDelta("I look."),
            new ToolCallDelta(0, "c1", "weather", ""), new ToolCallDelta(0, null, null, """{"city":"""), new ToolCallDelta(0, null, null, "\"Oslo\"}"),
            new ToolCallDelta(1, "c2", "time", "{}"), new ToolCallDelta(2, "c3", "broken", "{oops"), Ended(EndReason.Stop, calledTools: true)).ToChatResponse();

        var calls = response.Messages[0].Contents.OfType<FunctionCallContent>().ToArray();
        Assert.Equal(["c1 weather", "c2 time", "c3 broken"], calls.Select(call => $"{call.CallId} {call.Name}"));
        Assert.Equal("Oslo", calls[0].Arguments!["city"]!.ToString());
        Assert.Empty(calls[1].Arguments!);
        Assert.NotNull(calls[2].Exception);
        Assert.Equal((ChatFinishReason.ToolCalls, "I look.", "s1", "m", "r1", Now), (response.FinishReason, response.Text, response.ConversationId, response.ModelId, response.ResponseId, response.CreatedAt));
        Assert.Equal((7, 5, 12, 4, 2), (response.Usage!.InputTokenCount, response.Usage.OutputTokenCount, response.Usage.TotalTokenCount, response.Usage.CachedInputTokenCount, response.Usage.ReasoningTokenCount));
    }

    [Fact]
    public void Map_CarriesLogprobsAndTheStopText()
    {
        TokenLogprob[] logprobs = [new() { TokenId = 1, Text = "a", Bytes = [97], Logprob = -1 }];

        var updates = Map(new ChatStarted(3), new ContentDelta("a", logprobs), Ended(EndReason.Stop) with { StopText = "END" });

        Assert.Same(logprobs, updates[1].AdditionalProperties!["logprobs"]);
        Assert.Equal("END", updates[^1].AdditionalProperties!["stop_text"]);
        Assert.Equal(ChatFinishReason.Stop, updates[^1].FinishReason);
    }

    [Theory]
    [InlineData(EndReason.Failed, RequestErrors.EngineFailed)]
    [InlineData(EndReason.Unavailable, RequestErrors.Unavailable)]
    [InlineData(EndReason.Overloaded, RequestErrors.Overloaded)]
    [InlineData(EndReason.TooLong, RequestErrors.ContextLengthExceeded)]
    public void Map_Throws_WhenTheTurnFailed(EndReason reason, string code)
    {
        var exception = Assert.Throws<RequestException>(() => Map(new ChatStarted(3), Ended(reason) with { Message = "why" }));
        Assert.Equal((code, "why"), (exception.Code, exception.Message));
    }

    [Fact]
    public void Map_Throws_WhenTheTurnWasCancelled() => Assert.Throws<OperationCanceledException>(() => Map(new ChatStarted(3), Ended(EndReason.Cancelled)));

    [Fact]
    public void Map_SaysLength_WhenTheAnswerWasCutOff() => Assert.Equal(ChatFinishReason.Length, Map(new ChatStarted(3), Ended(EndReason.Length))[^1].FinishReason);

    private static List<ChatResponseUpdate> Map(params ChatEvent[] events)
    {
        var request = new ChatRequest { RequestId = "r1", Model = "m", Messages = [ChatMessage.FromText("user", "hi")], SessionId = "s1" };
        var mapping = new ChatUpdateMapping(request, Now);
        return [.. events.SelectMany(mapping.Map)];
    }

    private static ChatEnded Ended(EndReason reason, bool calledTools = false) => new() { Reason = reason, CalledTools = calledTools, Usage = new Usage(7, 4, 5, 2) };
}

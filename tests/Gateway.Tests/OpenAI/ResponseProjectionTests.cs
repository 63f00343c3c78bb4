using CsCheck;
using XLLM.Gateway.OpenAI.StoredResponses;
using XLLM.Gateway.OpenAI.Wire;
using XLLM.Gateway.Tests.Hosting;
using XLLM.Grains.Interfaces.Chat;
using XLLM.Grains.Interfaces.Generation;
using XLLM.Grains.Interfaces.Responses;

namespace XLLM.Gateway.Tests.OpenAI;

public sealed class ResponseProjectionTests
{
    [Fact]
    public void AnAnswer_BecomesTheEventsThatOpenAINames_Numbered()
    {
        var (events, response) = Project([new ChatStarted(5), new ContentDelta("Hel"), new ContentDelta("lo"), ScriptedClient.Ended()]);

        Assert.Equal(
            [
                "response.created", "response.in_progress", "response.output_item.added", "response.content_part.added", "response.output_text.delta",
                "response.output_text.delta", "response.output_text.done", "response.content_part.done", "response.output_item.done", "response.completed",
            ],
            events.Select(one => one.Type));
        Assert.Equal(Enumerable.Range(0, 10), events.Select(one => one.SequenceNumber));
        Assert.Equal("Hello", events[6].Text);
        var message = Assert.Single(response.Output);
        Assert.Equal(("message", "completed", "assistant", "Hello"), (message.Type, message.Status, message.Role, message.Content![0].Text));
        Assert.Equal((5, 7, 12), (response.Usage!.InputTokens, response.Usage.OutputTokens, response.Usage.TotalTokens));
        Assert.Equal("completed", response.Status);
    }

    [Fact]
    public void ReasoningAndCalls_AreItemsOfTheirOwn_InOrder()
    {
        var (events, response) = Project(
            [
                new ChatStarted(5), new ReasoningDelta("hm"), new ContentDelta("Let me see."),
                new ToolCallDelta(0, "call_1", "weather", ""), new ToolCallDelta(0, null, null, "{\"city\":"), new ToolCallDelta(0, null, null, "\"Oslo\"}"),
                new ToolCallDelta(1, "call_2", "time", "{}"), ScriptedClient.Ended(calledTools: true),
            ]);

        Assert.Equal(["reasoning", "message", "function_call", "function_call"], response.Output.Select(item => item.Type));
        Assert.Equal(("call_1", "weather", "{\"city\":\"Oslo\"}"), (response.Output[2].CallId, response.Output[2].Name, response.Output[2].Arguments));
        Assert.Equal("{\"city\":\"Oslo\"}", events.First(one => one.Type == "response.function_call_arguments.done").Arguments);
        Assert.Equal([0, 1, 2, 3], events.Where(one => one.Type == "response.output_item.done").Select(one => one.OutputIndex!.Value));
        Assert.Equal(4, response.Output.Select(item => item.Id).Distinct().Count());
    }

    [Fact]
    public void ACutAnswer_IsIncomplete_AndAnEmptyOneIsAMessage()
    {
        var (events, cut) = Project([new ChatStarted(5), new ContentDelta("Hel"), ScriptedClient.Ended(EndReason.Length)]);
        Assert.Equal(("incomplete", "max_output_tokens", "response.incomplete"), (cut.Status, cut.IncompleteDetails!.Reason, events[^1].Type));

        var (_, empty) = Project([new ChatStarted(5), ScriptedClient.Ended()]);
        Assert.Equal("", Assert.Single(empty.Output).Content![0].Text);
    }

    [Theory]
    [InlineData(ResponseStatus.Cancelled, "response.cancelled", "cancelled")]
    [InlineData(ResponseStatus.Failed, "response.failed", "failed")]
    public void ATurnThatStopped_EndsItsStream(ResponseStatus status, string type, string word)
    {
        var snapshot = new ResponseSnapshot
        {
            ResponseId = "resp_1", Status = status, Events = [], Created = default, ErrorCode = "engine_failed", ErrorMessage = "a kernel failed",
            Start = new() { Request = new() { RequestId = "r", Model = "tiny", Messages = [] }, Fingerprint = "" },
        };

        var (events, response) = Project([new ChatStarted(5), new ContentDelta("Hel")], snapshot);

        Assert.Equal((type, word), (events[^1].Type, response.Status));
        Assert.Equal(status == ResponseStatus.Failed, response.Error is not null);
        Assert.Equal("incomplete", Assert.Single(response.Output).Status);
    }

    /// <summary>Deltas of a stream joined are the items at its end, numbers have no gap, and every item is opened and closed once.</summary>
    [Fact]
    public void TheStream_AgreesWithTheResponse_ForEveryTurn() =>
        Gen.Int[0, 3].Array[0, 30].Sample(kinds =>
        {
            var calls = 0;
            ChatEvent[] turn =
            [
                new ChatStarted(5),
                .. kinds.Select((kind, i) => kind switch
                {
                    0 => (ChatEvent)new ContentDelta($"t{i}"),
                    1 => new ReasoningDelta($"r{i}"),
                    2 => new ToolCallDelta(calls++, $"call{i}", "f", $"a{i}"),
                    _ => calls == 0 ? new ContentDelta("") : new ToolCallDelta(calls - 1, null, null, ""),
                }),
                ScriptedClient.Ended(),
            ];

            var (events, response) = Project(turn);

            Assert.Equal(Enumerable.Range(0, events.Count), events.Select(one => one.SequenceNumber));
            foreach (var (index, item) in response.Output.Index())
            {
                var own = events.Where(one => one.OutputIndex == index).ToArray();
                Assert.Single(own, one => one.Type == "response.output_item.added");
                Assert.Single(own, one => one.Type == "response.output_item.done");
                Assert.Equal(item.Arguments ?? item.Content![0].Text, string.Concat(own.Select(one => one.Delta)));
            }
        });

    private static (List<ResponseEventObject> Events, ResponseObject Response) Project(ChatEvent[] turn, ResponseSnapshot? stopped = null)
    {
        var projection = new ResponseProjection(new("resp_1", 7, "tiny", new()));
        var events = new List<ResponseEventObject>();
        foreach (var next in turn)
        {
            projection.Add(new(next), events);
        }

        if (stopped is not null)
        {
            projection.Add(new(null, stopped), events);
        }

        Assert.True(projection.HasEnded);
        return (events, projection.Response);
    }
}

using System.Text;
using XLLM.Gateway.Diagnostics;
using XLLM.Gateway.OpenAI.Requests;
using XLLM.Gateway.OpenAI.Wire;
using XLLM.Grains.Interfaces.Chat;
using XLLM.Grains.Interfaces.Generation;

namespace XLLM.Gateway.OpenAI.Responses;

/// <summary>Events to one <see cref="ChatCompletion"/>.</summary>
internal sealed class ChatCollector(ChatCall call, long created, RequestTrace trace) : IAnswerSink<ChatEvent>
{
    private readonly Choice[] _choices = [.. Enumerable.Range(0, call.Choices).Select(_ => new Choice())];

    /// <inheritdoc/>
    public void Write(int choice, ChatEvent next)
    {
        var answer = _choices[choice];
        if (next is not (ChatStarted or ChatEnded))
        {
            trace.Output(choice);
        }

        switch (next)
        {
            case ContentDelta delta:
                answer.Content.Append(delta.Text);
                answer.Logprobs.AddRange(delta.Logprobs ?? []);
                break;
            case ReasoningDelta delta:
                answer.Reasoning.Append(delta.Text);
                break;
            case ToolCallDelta { Id: { } id } delta:
                answer.Calls.Add((id, delta.Name ?? "", new StringBuilder(delta.Arguments)));
                break;
            case ToolCallDelta delta:
                answer.Calls[delta.Index].Arguments.Append(delta.Arguments);
                break;
            case ChatEnded ended:
                answer.FinishReason = FinishReasons.Of(ended.Reason, ended.Message, ended.CalledTools);
                (answer.Usage, answer.StopText) = (ended.Usage, ended.StopText);
                trace.Ended(ended.Usage, answer.FinishReason);
                break;
        }
    }

    /// <summary>The answer, once every choice has ended.</summary>
    public ChatCompletion Result() => new()
    {
        Id = call.Request.RequestId,
        Created = created,
        Model = call.Request.Model,
        Choices = [.. _choices.Select((choice, index) => choice.Result(index, call.Request.TopLogprobs is not null))],
        Usage = UsageObject.Of([.. _choices.Select(choice => choice.Usage)], call.Choices),
    };

    private sealed class Choice
    {
        public StringBuilder Content { get; } = new();

        public StringBuilder Reasoning { get; } = new();

        public List<(string Id, string Name, StringBuilder Arguments)> Calls { get; } = [];

        public List<TokenLogprob> Logprobs { get; } = [];

        public string FinishReason { get; set; } = "";

        public string? StopText { get; set; }

        public Usage Usage { get; set; } = new(0, 0, 0);

        public ChatChoice Result(int index, bool logprobs) => new()
        {
            Index = index,
            Message = new()
            {
                Content = Content.Length == 0 && Calls.Count > 0 ? null : Content.ToString(),
                ReasoningContent = Reasoning.Length == 0 ? null : Reasoning.ToString(),
                ToolCalls = Calls.Count == 0
                    ? null
                    : [.. Calls.Select(call => new ToolCallObject { Id = call.Id, Function = new() { Name = call.Name, Arguments = call.Arguments.ToString() } })],
            },
            Logprobs = logprobs ? LogprobObjects.Chat(Logprobs) : null,
            FinishReason = FinishReason,
            StopReason = StopText,
        };
    }
}

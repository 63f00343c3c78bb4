using System.Text;
using XLLM.Gateway.Diagnostics;
using XLLM.Gateway.OpenAI.Requests;
using XLLM.Gateway.OpenAI.Wire;
using XLLM.Grains.Interfaces.Client;
using XLLM.Grains.Interfaces.Generation;

namespace XLLM.Gateway.OpenAI.Responses;

/// <summary>Events to one <see cref="Completion"/>.</summary>
internal sealed class CompletionCollector(CompletionCall call, long created, RequestTrace trace) : IAnswerSink<CompletionEvent>
{
    private readonly Choice[] _choices = [.. Enumerable.Range(0, call.Choices).Select(choice => new Choice(call.EchoOf(choice)))];

    /// <inheritdoc/>
    public void Write(int choice, CompletionEvent next)
    {
        var answer = _choices[choice];
        switch (next.Event)
        {
            case TokensGenerated tokens:
                trace.Output(choice);
                answer.Text.Append(tokens.Text);
                answer.Logprobs.AddRange(tokens.Logprobs ?? []);
                break;
            case GenerationEnded ended:
                answer.FinishReason = FinishReasons.Of(ended.Reason, ended.Message, calledTools: false);
                (answer.Usage, answer.StopText) = (ended.Usage, ended.StopText);
                trace.Ended(ended.Usage, answer.FinishReason);
                break;
        }
    }

    /// <summary>The answer, once every choice has ended.</summary>
    public Completion Result() => new()
    {
        Id = call.Prompts[0].RequestId,
        Created = created,
        Model = call.Prompts[0].Model,
        Choices = [.. _choices.Select((choice, index) => choice.Result(index, call.Logprobs))],
        Usage = UsageObject.Of([.. _choices.Select(choice => choice.Usage)], call.ChoicesPerPrompt),
    };

    private sealed class Choice(string echo)
    {
        public StringBuilder Text { get; } = new(echo);

        public List<TokenLogprob> Logprobs { get; } = [];

        public string FinishReason { get; set; } = "";

        public string? StopText { get; set; }

        public Usage Usage { get; set; } = new(0, 0, 0);

        public CompletionChoice Result(int index, bool logprobs)
        {
            var offset = 0;
            return new()
            {
                Index = index,
                Text = Text.ToString(),
                Logprobs = logprobs ? LogprobObjects.Completion(Logprobs, ref offset) : null,
                FinishReason = FinishReason,
                StopReason = StopText,
            };
        }
    }
}

using XLLM.Gateway.Diagnostics;
using XLLM.Gateway.OpenAI.Requests;
using XLLM.Gateway.OpenAI.Wire;
using XLLM.Gateway.Streaming;
using XLLM.Grains.Interfaces.Client;
using XLLM.Grains.Interfaces.Generation;

namespace XLLM.Gateway.OpenAI.Responses;

/// <summary>Events to chunks of a completion stream.</summary>
internal sealed class CompletionChunkWriter(CompletionCall call, long created, ServerSentEvents stream, RequestTrace trace) : IAnswerSink<CompletionEvent>
{
    private readonly bool[] _begun = new bool[call.Choices];
    private readonly int[] _offsets = new int[call.Choices];
    private readonly Usage[] _usage = [.. Enumerable.Repeat(new Usage(0, 0, 0), call.Choices)];

    /// <inheritdoc/>
    public void Write(int choice, CompletionEvent next)
    {
        switch (next.Event)
        {
            case TokensGenerated tokens:
                trace.Output(choice);
                _usage[choice] = new(next.PromptTokens, 0, _usage[choice].GeneratedTokens + tokens.TokenIds.Length);
                Tokens(choice, tokens);
                break;
            case GenerationEnded ended:
                var reason = FinishReasons.Of(ended.Reason, ended.Message, calledTools: false);
                _usage[choice] = ended.Usage;
                trace.Ended(ended.Usage, reason);
                Begin(choice);
                Chunk(new() { Index = choice, Text = "", FinishReason = reason, StopReason = ended.StopText });
                break;
        }
    }

    /// <summary>Every choice has ended.</summary>
    public void Finish()
    {
        if (call.Delivery.IncludeUsage)
        {
            Write([], Usage());
        }

        stream.Done();
    }

    private void Tokens(int choice, TokensGenerated tokens)
    {
        Begin(choice);
        var logprobs = tokens.Logprobs is { Length: > 0 } some ? LogprobObjects.Completion(some, ref _offsets[choice]) : null;
        if (tokens.Text.Length > 0 || logprobs is not null)
        {
            Chunk(new() { Index = choice, Text = tokens.Text, Logprobs = logprobs });
        }
    }

    private void Begin(int choice)
    {
        if (!_begun[choice])
        {
            _begun[choice] = true;
            if (call.EchoOf(choice) is { Length: > 0 } echo)
            {
                Chunk(new() { Index = choice, Text = echo });
            }
        }
    }

    private void Chunk(CompletionChoice choice) => Write([choice], call.Delivery.ContinuousUsage ? Usage() : null);

    private UsageObject Usage() => UsageObject.Of(_usage, call.ChoicesPerPrompt);

    private void Write(CompletionChoice[] choices, UsageObject? usage) => stream.Data(
        new Completion { Id = call.Prompts[0].RequestId, Created = created, Model = call.Prompts[0].Model, Choices = choices, Usage = usage },
        OpenAIJsonContext.Answers.Completion);
}

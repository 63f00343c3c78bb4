using XLLM.Grains.Interfaces.Chat;
using XLLM.Grains.Interfaces.Generation;
using XLLM.Grains.Interfaces.Parsing;
using XLLM.Grains.Interfaces.Routing;

namespace XLLM.Grains.Interfaces.Client;

/// <summary>Turns a generation's events into a chat turn's: text goes through the model's parser, log probabilities ride on the answer, reasoning tokens are counted. Pure; one per turn.</summary>
/// <param name="parser">Reads the text.</param>
/// <param name="forcedText">Prompt text that belongs to the answer; read first.</param>
/// <param name="promptTokens">Tokens of the prompt.</param>
internal sealed class ChatAssembler(ChatOutputParser parser, string forcedText, int promptTokens)
{
    private readonly List<ChatEvent> _parsed = [];
    private bool _started;
    private int _reasoningTokens;

    /// <summary>Adds what <paramref name="next"/> means to a reader of the turn.</summary>
    public void Add(GenerationEvent next, List<ChatEvent> events)
    {
        if (!_started)
        {
            _started = true;
            events.Add(new ChatStarted(promptTokens));
            parser.Push(forcedText, events);
        }

        switch (next)
        {
            case TokensGenerated tokens:
                AddTokens(tokens, events);
                break;
            case GenerationEnded ended:
                AddEnd(ended, events);
                break;
            default:
                throw new InvalidOperationException($"{next.GetType().Name} is no generation event that a chat turn knows");
        }
    }

    private void AddTokens(TokensGenerated tokens, List<ChatEvent> events)
    {
        _parsed.Clear();
        parser.Push(tokens.Text, _parsed);
        if (parser.InReasoning)
        {
            _reasoningTokens += tokens.TokenIds.Length;
        }

        if (tokens.Logprobs is { Length: > 0 } logprobs)
        {
            var answer = _parsed.FindIndex(parsed => parsed is ContentDelta);
            if (answer >= 0)
            {
                _parsed[answer] = (ContentDelta)_parsed[answer] with { Logprobs = logprobs };
            }
            else
            {
                _parsed.Add(new ContentDelta("", logprobs));
            }
        }

        events.AddRange(_parsed);
    }

    private void AddEnd(GenerationEnded ended, List<ChatEvent> events)
    {
        parser.Finish(events);
        events.Add(new ChatEnded
        {
            Reason = ended.Reason,
            CalledTools = parser.CalledTools,
            Usage = ended.Usage with { ReasoningTokens = _reasoningTokens },
            Message = ended.Message,
            StopText = ended.StopText,
            Holder = ended.Replica is { } replica ? new PrefixHolder(replica, Math.Max(0, ended.Usage.PromptTokens + ended.Usage.GeneratedTokens - 1)) : null,
        });
    }
}

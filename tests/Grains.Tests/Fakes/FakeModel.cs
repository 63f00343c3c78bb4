using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using XLLM.Grains.Interfaces.Catalog;
using XLLM.Grains.Interfaces.Chat;
using XLLM.Grains.Interfaces.Generation;
using XLLM.Grains.Interfaces.Pooling;
using XLLM.Grains.Interfaces.Replicas;
using XLLM.Grains.Ports;

namespace XLLM.Grains.Tests.Fakes;

/// <summary>
/// A model behind the ports: a token is a UTF-16 unit, the answer is a function of prompt and seed, and it keeps the engine's contract
/// (positions, held-back text, resume after generated tokens, disposal aborts). Tests may stop it before a token and see what runs.
/// </summary>
internal sealed class FakeModel : IHostedModel, IInferenceEngine, IPromptEncoder
{
    /// <summary>The text of a token lags this many tokens behind, as with half characters and possible stop strings.</summary>
    private const int TextLag = 2;

    private readonly ConcurrentDictionary<int, Pause> _pauses = new();
    private readonly ConcurrentDictionary<string, TaskCompletionSource> _left = new();
    private int _running;

    public FakeModel(string name = "tiny", int maxContext = 4096, ModelTasks tasks = ModelTasks.Generate)
    {
        Descriptor = new ModelDescriptor
        {
            Name = name, Architecture = "Fake", MaxContext = maxContext, VocabularySize = 65536, BlockTokens = 16, ToolCallFormat = "hermes", ReasoningFormat = "qwen3",
            Tasks = tasks,
        };
    }

    public ModelDescriptor Descriptor { get; }

    public IInferenceEngine Engine => this;

    public IPrefixSource? Prefixes { get; set; }

    public IPromptEncoder Prompts => this;

    /// <summary>The whole answer to a prompt; by default letters drawn from the prompt and the seed.</summary>
    public Func<string, long, string> Reply { get; set; } = static (prompt, seed) =>
    {
        var random = new Random(HashCode.Combine(prompt.Length, seed));
        return string.Concat(Enumerable.Range(0, 40).Select(_ => (char)random.Next('a', 'z' + 1)));
    };

    /// <summary>If set, every generation ends with this, at once.</summary>
    public GenerationEnded? Refusal { get; set; }

    /// <summary>If set, every generation that runs ends with this before its next token.</summary>
    public GenerationEnded? Fault { get; set; }

    /// <summary>Runs when a conversation was rendered, before its tokens are known to anybody.</summary>
    public Action? Rendered { get; set; }

    /// <summary>All requests that were started.</summary>
    public ConcurrentQueue<GenerationRequest> Requests { get; } = new();

    /// <summary>Generations that were started and not disposed.</summary>
    public int Running => Volatile.Read(ref _running);

    public ReplicaLoad Load => new() { RunningSequences = Running, TotalBlocks = 100, FreeBlocks = 100 };

    /// <summary>Stops every generation before it draws the token at <paramref name="position"/>.</summary>
    public Pause PauseBefore(int position) => _pauses.GetOrAdd(position, _ => new Pause());

    /// <summary>Done when the generation was disposed; fails if it never is.</summary>
    public Task WhenLeft(string requestId) => Left(requestId).Task.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);

    public IGeneration Start(GenerationRequest request)
    {
        Requests.Enqueue(request);
        Interlocked.Increment(ref _running);
        return new Generation(this, request);
    }

    public RenderedPrompt Render(ChatRequest request)
    {
        Rendered?.Invoke();
        return new(Encode(string.Concat(request.Messages.Select(Line)) + "assistant:"), ReasoningOpen: false, ForcedText: "");
    }

    public int[] EncodePair(RankRequest request) => Encode($"{request.Query}|{request.Document}");

    public int[] Encode(string text) => [.. text.Select(unit => (int)unit)];

    private static string Line(ChatMessage message) =>
        $"{message.Role}:{message.Text}{string.Concat(message.ToolCalls.Select(call => $"[{call.Name} {call.Arguments}]"))}\n";

    private TaskCompletionSource Left(string requestId) => _left.GetOrAdd(requestId, _ => new(TaskCreationOptions.RunContinuationsAsynchronously));

    private async IAsyncEnumerable<GenerationEvent> RunAsync(GenerationRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (Refusal is { } refusal)
        {
            yield return refusal;
            yield break;
        }

        var prompt = string.Concat(request.PromptTokens.Select(token => (char)token));
        if (request.Pooling is { } pooling)
        {
            yield return new GenerationEnded
            {
                Reason = EndReason.Stop,
                Usage = new Usage(request.PromptTokens.Length, 0, 0),
                Pooled = pooling.Kind == PoolingKind.Score ? [prompt.Length / 1000f] : [.. Enumerable.Range(0, pooling.Dimensions ?? 4).Select(i => prompt.Length + i)],
            };
            yield break;
        }

        var full = Reply(prompt, request.Sampling.Seed ?? 0);
        var text = full.Length > request.Stop.MaxTokens ? full[..request.Stop.MaxTokens.Value] : full;
        Assert.StartsWith(string.Concat(request.GeneratedTokens.Select(token => (char)token)), text);

        var told = Math.Max(0, request.GeneratedTokens.Length - (2 * TextLag));     // tells more again than it held back
        for (var position = request.GeneratedTokens.Length; position < text.Length; position++)
        {
            if (_pauses.TryGetValue(position, out var pause))
            {
                await pause.WaitAsync(cancellationToken);
            }

            if (Fault is { } fault)
            {
                yield return fault;
                yield break;
            }

            var safe = Math.Max(told, position + 1 - TextLag);
            yield return new TokensGenerated { Position = position, TokenIds = [text[position]], Text = text[told..safe], TextPosition = told, Logprobs = Logprobs(request, text[position]) };
            told = safe;
        }

        yield return new TokensGenerated { Position = text.Length, TokenIds = [], Text = text[told..], TextPosition = told };
        yield return new GenerationEnded
        {
            Reason = full.Length > text.Length ? EndReason.Length : EndReason.Stop,
            Usage = new Usage(request.PromptTokens.Length, request.PromptTokens.Length / 16 * 16, text.Length),
        };
    }

    private static TokenLogprob[]? Logprobs(GenerationRequest request, char token) =>
        request.TopLogprobs is null ? null : [new TokenLogprob { TokenId = token, Text = token.ToString(), Bytes = [(byte)token], Logprob = -0.5f }];

    private sealed class Generation(FakeModel model, GenerationRequest request) : IGeneration
    {
        public IAsyncEnumerator<GenerationEvent> GetAsyncEnumerator(CancellationToken cancellationToken = default) =>
            model.RunAsync(request, cancellationToken).GetAsyncEnumerator(cancellationToken);

        public ValueTask DisposeAsync()
        {
            Interlocked.Decrement(ref model._running);
            model.Left(request.RequestId).TrySetResult();
            return ValueTask.CompletedTask;
        }
    }
}

/// <summary>A place where generations wait until the test lets them go on.</summary>
internal sealed class Pause
{
    private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Done when a generation waits here; fails if none comes, so that a broken test ends.</summary>
    public Task Reached => _reached.Task.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);

    /// <summary>Index of the first pause that a generation reaches.</summary>
    public static async Task<int> FirstReachedAsync(params Pause[] pauses)
    {
        var reached = Array.ConvertAll(pauses, pause => pause.Reached);
        return Array.IndexOf(reached, await Task.WhenAny(reached));
    }

    /// <summary>Lets all go on.</summary>
    public void Release() => _released.TrySetResult();

    public Task WaitAsync(CancellationToken cancellationToken)
    {
        _reached.TrySetResult();
        return _released.Task.WaitAsync(cancellationToken);
    }
}

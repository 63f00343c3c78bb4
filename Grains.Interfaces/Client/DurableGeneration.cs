using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using XLLM.Grains.Interfaces.Generation;
using XLLM.Grains.Interfaces.Replicas;
using XLLM.Grains.Interfaces.Routing;

namespace XLLM.Grains.Interfaces.Client;

/// <summary>Runs one generation to its end, on as many replicas as it takes: when one is lost, the next goes on after the tokens that the reader has.</summary>
/// <remarks>
/// The reader is the owner: prompt, sampling, seed and tokens so far are all that a replica needs to go on, so nothing is stored while a generation runs.
/// Refusals before the first event are exceptions; later failures are the last event.
/// </remarks>
internal sealed partial class DurableGeneration(
    IGrainFactory grains, ITokenTransport transport, InferenceClientOptions options, ClientInstruments instruments, ILogger logger)
{
    /// <summary>Replicas that are asked for a generation of which nothing has been told yet.</summary>
    private const int MaxStartsWithoutToken = 2;

    private readonly GenerationProgress _progress = new();
    private readonly List<ReplicaKey> _lost = [];
    private int _starts;

    /// <summary>Generates. Once per instance.</summary>
    /// <param name="request">Checked; its seed is set.</param>
    /// <param name="prefix">Hashes of the prompt's full KV blocks.</param>
    /// <param name="cancellationToken">Aborts.</param>
    /// <exception cref="RequestException">Before the first event only.</exception>
    public async IAsyncEnumerable<GenerationEvent> RunAsync(
        GenerationRequest request, PrefixHash[] prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var told = false;
        RequestException? refusal = null;           // why the last replica did not take it; told if no other one can
        while (true)
        {
            ReplicaKey replica = default;
            try
            {
                replica = await ChooseAsync(request, prefix);
            }
            catch (RequestException exception)
            {
                refusal ??= exception;
                if (!told)
                {
                    throw refusal;
                }
            }

            if (replica == default)
            {
                yield return End(EndReason.Unavailable, request, refusal!.Message);
                yield break;
            }

            _starts++;
            refusal = null;
            var events = transport.GenerateAsync(replica, request with { GeneratedTokens = _progress.ToArray() }, cancellationToken);
            await using var run = new LosableStream<GenerationEvent>(events, cancellationToken);
            while (refusal is null)
            {
                var (next, loss) = await run.NextAsync();
                switch (next)
                {
                    case TokensGenerated tokens:
                        if (Accept(tokens, out var gap) is { } fresh)
                        {
                            told = true;
                            yield return fresh;
                        }

                        if (gap is not null)
                        {
                            yield return End(EndReason.Failed, request, gap.Message);
                            yield break;
                        }

                        break;

                    case GenerationEnded { Reason: EndReason.Overloaded or EndReason.Unavailable } ended when MayStartAgain:
                        refusal = Refusal(ended, request);
                        _lost.Add(replica);
                        LogRefused(request.RequestId, replica, ended.Reason, ended.Message);
                        break;

                    case GenerationEnded ended:
                        if (!told && Refusal(ended, request) is { } final)
                        {
                            throw final;
                        }

                        yield return ended with { Usage = ended.Usage with { GeneratedTokens = Math.Max(ended.Usage.GeneratedTokens, _progress.Tokens) } };
                        yield break;

                    default:
                        // Lost, or its stream ended without a last event, which is the same to the reader.
                        var cause = loss ?? new InvalidOperationException("its stream ended without a last event");
                        LogLost(cause, request.RequestId, replica, _progress.Tokens);
                        refusal = new RequestException(RequestErrors.Unavailable, $"replica {replica} was lost after {_progress.Tokens} tokens: {cause.Message}");
                        if (!MayStartAgain)
                        {
                            if (!told)
                            {
                                throw refusal;
                            }

                            yield return End(EndReason.Unavailable, request, refusal.Message);
                            yield break;
                        }

                        if (!ReplicaLoss.MayReturn(cause))
                        {
                            _lost.Add(replica);
                        }

                        break;
                }
            }

            instruments.Resumed(request.Model);
        }
    }

    private bool MayStartAgain => _starts < (_progress.Tokens == 0 ? Math.Min(MaxStartsWithoutToken, options.MaxStarts) : options.MaxStarts);

    private async Task<ReplicaKey> ChooseAsync(GenerationRequest request, PrefixHash[] prefix)
    {
        var router = grains.GetGrain<IModelRouterGrain>(request.Model);
        var choice = await GrainCalls.RetryOnLossAsync(
            () => router.ChooseAsync(new RoutingRequest(prefix, request.PromptTokens.Length + _progress.Tokens, [.. _lost])));
        LogChosen(request.RequestId, choice.Replica, choice.Reason);
        return choice.Replica;
    }

    private TokensGenerated? Accept(TokensGenerated next, out GenerationGapException? gap)
    {
        try
        {
            gap = null;
            return _progress.Accept(next);
        }
        catch (GenerationGapException exception)
        {
            gap = exception;
            return null;
        }
    }

    private GenerationEnded End(EndReason reason, GenerationRequest request, string message) =>
        new() { Reason = reason, Usage = new Usage(request.PromptTokens.Length, 0, _progress.Tokens), Message = message };

    /// <summary>The exception that a last event is to a reader who has been told nothing; null if it is an ordinary end.</summary>
    private static RequestException? Refusal(GenerationEnded ended, GenerationRequest request) => ended.Reason switch
    {
        EndReason.Overloaded => new(RequestErrors.Overloaded, ended.Message ?? $"every replica of {request.Model} is full"),
        EndReason.Unavailable => new(RequestErrors.Unavailable, ended.Message ?? $"no replica of {request.Model} can answer now"),
        EndReason.TooLong => new(RequestErrors.ContextLengthExceeded, ended.Message ?? $"{request.PromptTokens.Length} prompt tokens do not fit", "messages"),
        EndReason.Failed => new(RequestErrors.EngineFailed, ended.Message ?? "the engine failed"),
        _ => null,
    };
}

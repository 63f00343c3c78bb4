using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using XLLM.Grains.Interfaces.Generation;
using XLLM.Grains.Interfaces.Replicas;
using XLLM.Grains.Interfaces.Routing;

namespace XLLM.Grains.Interfaces.Client;

/// <summary>Runs one generation to its end, on as many replicas as it takes: when one is lost, the next goes on after the tokens that the reader has.</summary>
/// <remarks>
/// The reader is the owner: prompt, sampling, seed and tokens so far are all that a replica needs to go on, so nothing is stored while a generation runs.
/// Refusals before the first event are exceptions; later failures are the last event. A model that was unloaded meanwhile is asked for again, once.
/// </remarks>
internal sealed partial class DurableGeneration(
    IGrainFactory grains, ITokenTransport transport, InferenceClientOptions options, TimeProvider clock, ClientInstruments instruments, ILogger logger)
{
    private readonly GenerationProgress _progress = new();
    private readonly List<ReplicaKey> _refused = [];
    private readonly List<ReplicaKey> _lost = [];
    private readonly HashSet<ReplicaKey> _everLost = [];
    private int _starts;                            // without those on a replica that was lost before, which its silo may have refused for as long as nobody calls it dead
    private int _waits;                             // for any replica that was not lost before, in a row

    /// <summary>Generates. Once per instance.</summary>
    /// <param name="request">Checked; its seed is set.</param>
    /// <param name="prefix">Hashes of the prompt's full KV blocks.</param>
    /// <param name="lastTurn">Where the conversation's last turn ran, or null.</param>
    /// <param name="cancellationToken">Aborts.</param>
    /// <exception cref="RequestException">Before the first event only.</exception>
    public async IAsyncEnumerable<GenerationEvent> RunAsync(
        GenerationRequest request, PrefixHash[] prefix, PrefixHolder? lastTurn, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var told = false;
        var demand = new ModelDemand(grains, clock, request.Model);
        RequestException? refusal = null;           // why the last replica does not answer
        while (true)
        {
            var (choice, none) = await ChooseAsync(request, prefix, lastTurn);
            if (choice is null)
            {
                var why = refusal ?? none!;             // the first reason says more than "nobody else"; a full replica is there
                var (comes, fault) = await ComesAsync(demand, why, cancellationToken);
                if (comes)
                {
                    _lost.Clear();
                    _refused.Clear();           // it may serve again under the same key
                    continue;
                }

                if (fault is null && why.Code != RequestErrors.Overloaded && _everLost.Count > 0 && LossPatience.PauseAfter(++_waits) is { } pause)
                {
                    // Its silos went: one of them is started again, or was not gone at all.
                    await Task.Delay(pause, clock, cancellationToken);
                    _lost.Clear();
                    continue;
                }

                refusal = fault ?? why;
                if (!told)
                {
                    throw refusal;
                }

                yield return End(EndReason.Unavailable, request, refusal.Message);
                yield break;
            }

            refusal = null;
            var replica = choice.Replica;
            if (!_everLost.Contains(replica))
            {
                (_starts, _waits) = (_starts + 1, 0);
            }

            using var open = new OpenChoice(grains.GetGrain<IModelRouterGrain>(request.Model), choice);
            var events = transport.GenerateAsync(replica, request with { GeneratedTokens = _progress.ToArray(), CopyFrom = choice.CopyFrom }, cancellationToken);
            await using var run = new LosableStream<GenerationEvent>(events, cancellationToken);
            while (refusal is null)
            {
                var (next, loss) = await run.NextAsync();
                (var tell, refusal) = Judge(request, replica, next, loss);
                if (!told && tell is GenerationEnded last && Refusal(last, request) is { } final)
                {
                    throw final;
                }

                if (tell is GenerationEnded)
                {
                    open.Dispose();                 // its reader may take its time with the last event
                }

                if (tell is not null)
                {
                    told = true;
                    yield return tell;
                }

                if (tell is GenerationEnded)
                {
                    yield break;
                }
            }

            instruments.Resumed(request.Model);
        }
    }

    private bool MayStartAgain => _starts < (_progress.Tokens == 0 ? Math.Min(options.MaxStartsBeforeFirstToken, options.MaxStarts) : options.MaxStarts);

    /// <summary>What to tell of what a replica said: an event, the last one, or nothing; or why to ask another replica.</summary>
    private (GenerationEvent? Tell, RequestException? Elsewhere) Judge(GenerationRequest request, ReplicaKey replica, GenerationEvent? next, Exception? loss)
    {
        switch (next)
        {
            case TokensGenerated tokens:
                try
                {
                    return (_progress.Accept(tokens), null);
                }
                catch (GenerationGapException gap)
                {
                    return (End(EndReason.Failed, request, gap.Message), null);
                }

            case GenerationEnded { Reason: EndReason.Overloaded or EndReason.Unavailable } ended when MayStartAgain:
                LogRefused(request.RequestId, replica, ended.Reason, ended.Message);
                _refused.Add(replica);
                return (null, Refusal(ended, request));

            case GenerationEnded ended:
                return (ended with { Replica = replica, Usage = ended.Usage with { GeneratedTokens = Math.Max(ended.Usage.GeneratedTokens, _progress.Tokens) } }, null);

            default:
                // Lost, or its stream ended without a last event, which is the same to the reader.
                var cause = loss ?? new InvalidOperationException("its stream ended without a last event");
                LogLost(cause, request.RequestId, replica, _progress.Tokens);
                var message = $"replica {replica} was lost after {_progress.Tokens} tokens: {cause.Message}";
                if (!MayStartAgain)
                {
                    return (End(EndReason.Unavailable, request, message), null);
                }

                if (!ReplicaLoss.MayReturn(cause))
                {
                    _everLost.Add(replica);
                    _lost.Add(replica);
                }

                return (null, new RequestException(RequestErrors.Unavailable, message));
        }
    }

    private async Task<(ReplicaChoice? Choice, RequestException? None)> ChooseAsync(GenerationRequest request, PrefixHash[] prefix, PrefixHolder? lastTurn)
    {
        try
        {
            var router = grains.GetGrain<IModelRouterGrain>(request.Model);
            var routing = new RoutingRequest(prefix, request.PromptTokens.Length + _progress.Tokens, [.. _lost, .. _refused], lastTurn);
            var choice = await GrainCalls.RetryOnLossAsync(() => router.ChooseAsync(routing));
            LogChosen(request.RequestId, choice.Replica, choice.Reason);
            return (choice, null);
        }
        catch (RequestException exception)
        {
            return (null, exception);
        }
    }

    private static async Task<(bool Comes, RequestException? Fault)> ComesAsync(ModelDemand demand, RequestException none, CancellationToken cancellationToken)
    {
        try
        {
            return (await demand.ComesAsync(none, cancellationToken), null);
        }
        catch (RequestException fault)
        {
            return (false, fault);
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

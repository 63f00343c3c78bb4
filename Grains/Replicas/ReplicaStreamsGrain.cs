using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Orleans.Placement;
using XLLM.Grains.Diagnostics;
using XLLM.Grains.Interfaces;
using XLLM.Grains.Interfaces.Generation;
using XLLM.Grains.Interfaces.Replicas;
using XLLM.Grains.Placement;
using XLLM.Grains.Ports;

namespace XLLM.Grains.Replicas;

/// <summary>Puts the events of one caller's generations into one stream. A reader per generation waits for the engine; what they have when the stream is asked goes out together.</summary>
/// <remarks>
/// The stream interleaves with every call, so no invariant spans an await. The queue is bounded: readers wait while the caller is slow, and unread output merges in the engine.
/// Nothing survives: a caller whose stream breaks goes on with another grain of this class.
/// </remarks>
[GrainType("xllm.replica-streams"), SiloPinned, Immovable]
internal sealed class ReplicaStreamsGrain(IModelHost host, StreamsClosing closing, GrainInstruments instruments) : Grain, IReplicaStreamsGrain
{
    /// <summary>Events that may wait: a step of the default 256 running sequences, four times over.</summary>
    private const int Capacity = 1024;

    private readonly Channel<(int Lane, GenerationEvent Event)> _told =
        Channel.CreateBounded<(int, GenerationEvent)>(new BoundedChannelOptions(Capacity) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });

    private readonly Dictionary<int, CancellationTokenSource> _running = [];
    private bool _left;

    /// <inheritdoc/>
    public Task StartAsync(int lane, GenerationRequest request)
    {
        // Both are losses to the caller, who has not heard of them yet and goes on elsewhere.
        if (closing.Token.IsCancellationRequested)
        {
            throw Stops();
        }

        if (_left)
        {
            throw new EnumerationAbortedException($"the stream of lane {lane} was over before it began");
        }

        if (host.Find(request.Model) is not { } model)
        {
            // An event, not an exception: its caller asks another replica. It was chosen before the router heard that it went.
            var gone = new GenerationEnded { Reason = EndReason.Unavailable, Usage = new Usage(request.PromptTokens.Length, 0, 0), Message = $"silo {RuntimeIdentity} does not serve '{request.Model}' any more" };
            return _told.Writer.WriteAsync((lane, gone)).AsTask();
        }

        var leave = new CancellationTokenSource();
        _running.Add(lane, leave);
        _ = TellAsync(lane, request.Model, model.Engine.Start(request), leave);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task LeaveAsync(int lane) => _running.TryGetValue(lane, out var leave) ? leave.CancelAsync() : Task.CompletedTask;

    /// <inheritdoc/>
    public async IAsyncEnumerable<GenerationBatch> ListenAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var (lanes, events) = (new List<int>(), new List<GenerationEvent>());
        using var close = closing.Token.Register(static writer => ((ChannelWriter<(int, GenerationEvent)>)writer!).TryComplete(), _told.Writer);
        try
        {
            while (await _told.Reader.WaitToReadAsync(cancellationToken))
            {
                lanes.Clear();
                events.Clear();
                while (events.Count < Capacity && _told.Reader.TryRead(out var told))
                {
                    lanes.Add(told.Lane);
                    events.Add(told.Event);
                }

                yield return new GenerationBatch([.. lanes], [.. events]);
            }

            throw Stops();          // not an end: nobody comes back to a silo that stops
        }
        finally
        {
            _left = true;
            foreach (var leave in _running.Values.ToArray())
            {
                await leave.CancelAsync();
            }

            DeactivateOnIdle();
        }
    }

    private SiloUnavailableException Stops() => new($"silo {RuntimeIdentity} stops");

    private async Task TellAsync(int lane, string model, IGeneration generation, CancellationTokenSource leave)
    {
        instruments.GenerationStarted(model);
        try
        {
            await using (generation)
            {
                await foreach (var next in generation.WithCancellation(leave.Token))
                {
                    await _told.Writer.WriteAsync((lane, next), leave.Token);
                }
            }
        }
        catch (OperationCanceledException) when (leave.IsCancellationRequested)
        {
            // Its reader left.
        }
        catch (ChannelClosedException)
        {
            // The silo stops.
        }
        finally
        {
            _running.Remove(lane);
            leave.Dispose();
            instruments.GenerationEnded(model);
        }
    }
}

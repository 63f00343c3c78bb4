using System.Threading.Channels;

namespace XLLM.Gateway.Streaming;

/// <summary>Runs the generations of a request's choices and joins their events in the order they come. Leaving it ends all of them.</summary>
/// <remarks>
/// The choices of one prompt start after the first of them has its first output: by then the prompt's KV blocks are in the prefix cache, so it is computed once.
/// The channel is bounded, so a slow reader stops the reading of the sources, not of memory.
/// </remarks>
internal sealed class ChoiceStreams<TEvent> : IAsyncDisposable
{
    /// <summary>Events that may wait. A few steps of a few choices; the sources merge what waits longer.</summary>
    private const int Capacity = 64;

    private readonly Channel<ChoiceItem<TEvent>> _channel = Channel.CreateBounded<ChoiceItem<TEvent>>(new BoundedChannelOptions(Capacity) { SingleReader = true });
    private readonly CancellationTokenSource _leave;
    private readonly Func<int, CancellationToken, IAsyncEnumerable<TEvent>> _start;
    private readonly Func<TEvent, bool> _isOutput;
    private readonly TaskCompletionSource[] _prefixComputed;
    private readonly int _choicesPerPrompt;
    private readonly TimeSpan _pingInterval;
    private readonly ITimer _ping;
    private readonly Task _running;

    /// <summary>Starts the generations.</summary>
    /// <param name="prompts">Prompts.</param>
    /// <param name="choicesPerPrompt">Choices of each.</param>
    /// <param name="start">Starts the generation of a choice.</param>
    /// <param name="isOutput">Whether an event shows that the prompt was computed.</param>
    /// <param name="pingInterval">Silence after which a ping comes; infinite: never.</param>
    /// <param name="clock">Measures silence.</param>
    /// <param name="cancellationToken">Ends all.</param>
    public ChoiceStreams(
        int prompts,
        int choicesPerPrompt,
        Func<int, CancellationToken, IAsyncEnumerable<TEvent>> start,
        Func<TEvent, bool> isOutput,
        TimeSpan pingInterval,
        TimeProvider clock,
        CancellationToken cancellationToken)
    {
        (_start, _isOutput, _choicesPerPrompt, _pingInterval) = (start, isOutput, choicesPerPrompt, pingInterval);
        _leave = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _prefixComputed = [.. Enumerable.Range(0, prompts).Select(_ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously))];
        _ping = clock.CreateTimer(_ => _channel.Writer.TryWrite(new(0, default!, IsPing: true)), null, pingInterval, pingInterval);
        _running = RunAllAsync(prompts * choicesPerPrompt);
    }

    /// <summary>The joined events. Ends with the last choice, or with the first fault of any.</summary>
    public ChannelReader<ChoiceItem<TEvent>> Reader => _channel.Reader;

    /// <summary>Something was said: silence begins anew.</summary>
    public void DelayPing() => _ping.Change(_pingInterval, _pingInterval);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _leave.CancelAsync();
        await _running;
        await _ping.DisposeAsync();
        _leave.Dispose();
    }

    private async Task RunAllAsync(int choices)
    {
        await Task.WhenAll(Enumerable.Range(0, choices).Select(RunAsync));
        _channel.Writer.TryComplete();
    }

    /// <summary>Runs one choice. Its fault ends the joined events, and with them, through whoever reads them, all other choices.</summary>
    private async Task RunAsync(int choice)
    {
        var prefixComputed = _prefixComputed[choice / _choicesPerPrompt];
        try
        {
            if (choice % _choicesPerPrompt != 0)
            {
                await prefixComputed.Task.WaitAsync(_leave.Token);
            }

            await foreach (var next in _start(choice, _leave.Token).WithCancellation(_leave.Token))
            {
                await _channel.Writer.WriteAsync(new(choice, next), _leave.Token);
                if (_isOutput(next))
                {
                    prefixComputed.TrySetResult();
                }
            }
        }
#pragma warning disable CA1031 // Nothing is swallowed: whatever it was, the reader gets it.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            _channel.Writer.TryComplete(exception);
        }
        finally
        {
            prefixComputed.TrySetResult();
        }
    }
}

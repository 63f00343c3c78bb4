using System.Threading.Tasks.Sources;
using XLLM.Grains.Interfaces.Generation;
using XLLM.Grains.Ports;
using XLLM.Silo.Sampling;
using XLLM.Silo.Tokenization;

namespace XLLM.Silo.Engine;

/// <summary>A generation as its reader sees it. What the reader has not fetched yet merges into one event, so a slow reader costs the engine nothing and memory stays within the output's own size.</summary>
/// <remarks>
/// The engine's loop writes (<see cref="Append"/>, <see cref="End"/>, <see cref="Publish"/>), one reader reads; both only copy under a short lock.
/// The reader is woken through the thread pool by this object itself, so the loop allocates nothing; events are made by the reader's own thread.
/// </remarks>
internal sealed class Generation : IGeneration, IAsyncEnumerator<GenerationEvent>, IValueTaskSource<bool>, IThreadPoolWorkItem
{
    private readonly Lock _gate = new();
    private readonly ITokenizer _tokenizer;
    private readonly UnreadOutput _unread;
    private ManualResetValueTaskSourceCore<bool> _wake;
    private CancellationToken _cancellation;
    private CancellationTokenRegistration _registration;
    private GenerationEnded? _ended;
    private GenerationEvent? _current;
    private Action? _abort;
    private bool _isRead;
    private bool _isWaiting;
    private bool _isFinished;

    /// <param name="tokenizer">Names tokens in log probabilities.</param>
    /// <param name="topLogprobs">Null: no log probabilities; else how many beside the drawn token.</param>
    public Generation(ITokenizer tokenizer, int? topLogprobs)
    {
        _tokenizer = tokenizer;
        _unread = new UnreadOutput(topLogprobs);
    }

    /// <inheritdoc/>
    public GenerationEvent Current => _current ?? throw new InvalidOperationException("there is no event before the first move");

    /// <summary>Says how to abort, and where the output begins.</summary>
    /// <param name="abort">Called at most once, by any thread.</param>
    /// <param name="position">Tokens that an earlier run has told.</param>
    /// <param name="textPosition">UTF-16 units of text that an earlier run has told.</param>
    public void Begin(Action abort, int position, int textPosition)
    {
        lock (_gate)
        {
            _abort = abort;
            _unread.Begin(position, textPosition);
        }
    }

    /// <summary>Adds a token and the text that has become safe to show. The reader learns of it by <see cref="Publish"/>.</summary>
    public void Append(in SampledToken token, ReadOnlySpan<int> topTokens, ReadOnlySpan<float> topLogprobs, bool isShown, ReadOnlySpan<char> text)
    {
        lock (_gate)
        {
            _unread.Append(token, topTokens, topLogprobs, isShown, text);
        }
    }

    /// <summary>Adds text alone.</summary>
    public void Append(ReadOnlySpan<char> text)
    {
        lock (_gate)
        {
            _unread.Append(text);
        }
    }

    /// <summary>Ends it: the last event. Wakes the reader.</summary>
    public void End(GenerationEnded ended)
    {
        lock (_gate)
        {
            _ended ??= ended;
            _abort = null;
        }

        Publish();
    }

    /// <summary>Wakes the reader if it waits and there is something for it: it may have taken what was appended before this call.</summary>
    public void Publish()
    {
        lock (_gate)
        {
            if (!_isWaiting || (_unread.IsEmpty && _ended is null && !_cancellation.IsCancellationRequested))
            {
                return;
            }

            _isWaiting = false;
        }

        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    /// <inheritdoc/>
    public IAsyncEnumerator<GenerationEvent> GetAsyncEnumerator(CancellationToken cancellationToken = default)
    {
        lock (_gate)
        {
            if (_isRead)
            {
                throw new InvalidOperationException("a generation is read once");
            }

            _isRead = true;
            _cancellation = cancellationToken;
        }

        _registration = cancellationToken.UnsafeRegister(static generation => ((Generation)generation!).Publish(), this);
        return this;
    }

    /// <inheritdoc/>
    public ValueTask<bool> MoveNextAsync()
    {
        lock (_gate)
        {
            if (!_cancellation.IsCancellationRequested && _unread.IsEmpty && _ended is null)
            {
                _wake.Reset();
                _isWaiting = true;
                return new ValueTask<bool>(this, _wake.Version);
            }
        }

        return _cancellation.IsCancellationRequested ? ValueTask.FromCanceled<bool>(_cancellation) : ValueTask.FromResult(MoveNext());
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        Action? abort;
        lock (_gate)
        {
            (abort, _abort) = (_abort, null);
        }

        abort?.Invoke();
        await _registration.DisposeAsync();
    }

    /// <inheritdoc/>
    void IThreadPoolWorkItem.Execute() => _wake.SetResult(true);

    /// <inheritdoc/>
    bool IValueTaskSource<bool>.GetResult(short token)
    {
        _ = _wake.GetResult(token);
        _cancellation.ThrowIfCancellationRequested();
        return MoveNext();
    }

    /// <inheritdoc/>
    ValueTaskSourceStatus IValueTaskSource<bool>.GetStatus(short token) => _wake.GetStatus(token);

    /// <inheritdoc/>
    void IValueTaskSource<bool>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _wake.OnCompleted(continuation, state, token, flags);

    private bool MoveNext()
    {
        lock (_gate)
        {
            _current = _unread.IsEmpty ? _isFinished ? null : _ended : _unread.Take(_tokenizer);
            _isFinished |= _current is GenerationEnded;
            return _current is not null;
        }
    }
}

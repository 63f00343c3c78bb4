using XLLM.Grains.Interfaces.Generation;

namespace XLLM.Silo.Engine;

/// <summary>New and aborted generations, and the wish to stop: handed to the loop between steps. Thread-safe.</summary>
/// <param name="mostQueued">Most generations without a first grant.</param>
/// <param name="wake">Wakes the loop.</param>
internal sealed class GenerationInbox(int mostQueued, WakeSignal wake)
{
    private readonly Lock _gate = new();
    private List<ActiveGeneration> _new = [];
    private List<ActiveGeneration> _newTaken = [];
    private List<ActiveGeneration> _aborted = [];
    private List<ActiveGeneration> _abortedTaken = [];
    private int _queued;
    private string? _closedBecause;
    private bool _abandons;

    /// <summary>Whether there is nothing to take, and never will be.</summary>
    public bool IsFinished
    {
        get
        {
            lock (_gate)
            {
                return _closedBecause is not null && _new.Count == 0;
            }
        }
    }

    /// <summary>Whether those that are left are to be ended.</summary>
    public bool Abandons => Volatile.Read(ref _abandons);

    /// <summary>Asks for a place in the queue, which <see cref="LeaveQueue"/> gives back.</summary>
    /// <param name="message">If refused, why.</param>
    /// <returns>Null, or the reason to refuse.</returns>
    public EndReason? TryEnterQueue(out string? message)
    {
        lock (_gate)
        {
            if (_closedBecause is not null)
            {
                message = _closedBecause;
                return EndReason.Unavailable;
            }

            if (_queued >= mostQueued)
            {
                message = $"the queue is full: {_queued} of at most {mostQueued} requests wait";
                return EndReason.Overloaded;
            }

            message = null;
            _queued++;
            return null;
        }
    }

    /// <summary>A generation has its first grant, or ended before it had one.</summary>
    public void LeaveQueue()
    {
        lock (_gate)
        {
            _queued--;
        }
    }

    /// <summary>Hands a new generation to the loop; it has a place in the queue.</summary>
    /// <returns>False if the engine closed meanwhile.</returns>
    public bool TryAdd(ActiveGeneration generation)
    {
        lock (_gate)
        {
            if (_closedBecause is not null)
            {
                return false;
            }

            _new.Add(generation);
        }

        wake.Set();
        return true;
    }

    /// <summary>A reader has left.</summary>
    public void Abort(ActiveGeneration generation)
    {
        lock (_gate)
        {
            _aborted.Add(generation);
        }

        wake.Set();
    }

    /// <summary>Takes no more generations.</summary>
    /// <param name="because">What those who come later are told.</param>
    public void Close(string because)
    {
        lock (_gate)
        {
            _closedBecause ??= because;
        }

        wake.Set();
    }

    /// <summary>Asks the loop to end the generations that are left. The inbox is closed.</summary>
    public void Abandon()
    {
        Volatile.Write(ref _abandons, true);
        wake.Set();
    }

    /// <summary>Takes what has come. The lists are valid until the next call; of one generation, its start is seen no later than its abort.</summary>
    public (List<ActiveGeneration> New, List<ActiveGeneration> Aborted) Take()
    {
        lock (_gate)
        {
            (_new, _newTaken) = (_newTaken, _new);
            (_aborted, _abortedTaken) = (_abortedTaken, _aborted);
            _new.Clear();
            _aborted.Clear();
        }

        return (_newTaken, _abortedTaken);
    }
}

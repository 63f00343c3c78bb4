using XLLM.Grains.Interfaces.Routing;

namespace XLLM.Silo.Transfer;

/// <summary>Changes on their way from one thread to another: bounded, without locks, allocating nothing. One writer, one reader.</summary>
/// <remarks>
/// When it is full it is lost as a whole: nothing more is written until the reader has emptied it and the writer has told everything anew (<see cref="Restart"/>).
/// The reader takes the end first and the restart second, so it never puts older changes on top of a newer whole.
/// </remarks>
internal sealed class ChangeRing
{
    private const int Running = 0;
    private const int Overflowed = 1;
    private const int RestartWanted = 2;

    private readonly (PrefixHash Hash, bool IsStored)[] _changes;
    private PrefixHash[]? _whole;
    private long _head;         // next to read; the reader's
    private long _tail;         // next to write; the writer's
    private int _state;

    /// <param name="capacity">Most changes: a power of two.</param>
    public ChangeRing(int capacity)
    {
        if (!int.IsPow2(capacity))
        {
            throw new ArgumentOutOfRangeException(nameof(capacity), capacity, "must be a power of two");
        }

        _changes = new (PrefixHash, bool)[capacity];
    }

    /// <summary>Times that it was full.</summary>
    public long Overflows { get; private set; }

    /// <summary>Whether the writer should call <see cref="Restart"/>.</summary>
    public bool WantsRestart => Volatile.Read(ref _state) == RestartWanted;

    /// <summary>Writes a change, or nothing from the first one that finds no room.</summary>
    public void Write(PrefixHash hash, bool isStored)
    {
        if (Volatile.Read(ref _state) != Running)
        {
            return;
        }

        var tail = _tail;
        if (tail - Volatile.Read(ref _head) == _changes.Length)
        {
            Overflows++;
            Volatile.Write(ref _state, Overflowed);
            return;
        }

        _changes[tail & (_changes.Length - 1)] = (hash, isStored);
        Volatile.Write(ref _tail, tail + 1);
    }

    /// <summary>The writer tells everything anew.</summary>
    /// <param name="stored">All that is stored.</param>
    public void Restart(PrefixHash[] stored)
    {
        Volatile.Write(ref _whole, stored);
        Volatile.Write(ref _state, Running);
    }

    /// <summary>Reads what has come.</summary>
    /// <param name="changes">Gets the changes.</param>
    /// <returns>All that was stored before these changes, where everything was told anew; else null.</returns>
    public PrefixHash[]? Read(List<(PrefixHash Hash, bool IsStored)> changes)
    {
        var tail = Volatile.Read(ref _tail);
        var whole = Interlocked.Exchange(ref _whole, null);
        var head = _head;
        while (head < tail)
        {
            changes.Add(_changes[head & (_changes.Length - 1)]);
            head++;
        }

        Volatile.Write(ref _head, head);
        if (Volatile.Read(ref _state) == Overflowed && Volatile.Read(ref _tail) == head)
        {
            Volatile.Write(ref _state, RestartWanted);
        }

        return whole;
    }
}

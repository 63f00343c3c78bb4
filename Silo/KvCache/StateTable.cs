using XLLM.Grains.Interfaces.Routing;

namespace XLLM.Silo.KvCache;

/// <summary>What a sequence knows about its recurrent state besides the blocks that it writes: where the state is read from, and where it is worth keeping. Changed by <see cref="KvBlockManager"/> alone.</summary>
/// <remarks>
/// A state is kept by going on elsewhere: the step after reads the old blocks and writes new ones, which costs no copy. Until that step is computed the old ones are held.
/// </remarks>
/// <param name="blocks">KV blocks of one state.</param>
internal sealed class StateTable(int blocks)
{
    private const int MostStops = 2;

    private readonly int[] _source = new int[blocks];
    private readonly (int Tokens, PrefixHash Hash)[] _stops = new (int, PrefixHash)[MostStops];
    private int _nextStop;
    private int _stopCount;
    private bool _isUnread;

    /// <summary>Whether blocks are held that the state is, or was, read from.</summary>
    public bool HasSource { get; private set; }

    /// <summary>Those blocks.</summary>
    public ReadOnlySpan<int> Source => HasSource ? _source : [];

    /// <summary>Whether the last grant is the one that reads <see cref="Source"/>; those after it read what it has written.</summary>
    public bool ReadsSource { get; private set; }

    /// <summary>Tokens that the state in <see cref="Source"/> has seen, and their hash.</summary>
    public (int Tokens, PrefixHash Hash) SourceAt { get; private set; }

    /// <summary>Tokens that the state which is written has seen when the last grant ends, where it is to be kept there; 0: it is not.</summary>
    public (int Tokens, PrefixHash Hash) Reached { get; private set; }

    /// <summary>Whether the step that reaches <see cref="Reached"/> has been computed.</summary>
    public bool IsComputed { get; private set; }

    /// <summary>Adds a place where the state is to be kept, after those that were added before.</summary>
    public void AddStop(int tokens, PrefixHash hash) => _stops[_stopCount++] = (tokens, hash);

    /// <summary>How many of the next tokens may be granted at once: not past a place where the state is to be kept.</summary>
    /// <param name="from">Tokens granted so far.</param>
    /// <param name="tokens">Tokens that could be granted.</param>
    public int UntilStop(int from, int tokens) => _nextStop < _stopCount ? Math.Min(tokens, _stops[_nextStop].Tokens - from) : tokens;

    /// <summary>Tokens up to <paramref name="end"/> have been granted.</summary>
    public void Granted(int end)
    {
        (Reached, IsComputed) = (default, false);
        (ReadsSource, _isUnread) = (_isUnread, false);
        if (_nextStop < _stopCount && _stops[_nextStop].Tokens == end)
        {
            Reached = _stops[_nextStop++];
        }
    }

    /// <summary>Tokens have been computed.</summary>
    public void Computed(int tokens) => IsComputed |= Reached.Tokens > 0 && tokens == Reached.Tokens;

    /// <summary>The next grant reads the state from these blocks.</summary>
    public void ReadFrom(ReadOnlySpan<int> source, int tokens, PrefixHash hash)
    {
        source.CopyTo(_source);
        (HasSource, _isUnread, SourceAt) = (true, true, (tokens, hash));
    }

    /// <summary>The source is not held any more.</summary>
    public void ForgetSource() => (HasSource, _isUnread, ReadsSource, SourceAt) = (false, false, false, default);

    /// <summary>The sequence holds nothing any more.</summary>
    public void Clear()
    {
        ForgetSource();
        (Reached, IsComputed, _nextStop, _stopCount) = (default, false, 0, 0);
    }
}

namespace XLLM.Silo.Sequences;

/// <summary>Finds any of many texts in a stream of characters, one character at a time. Immutable; the state of a search is an int of the caller's.</summary>
/// <remarks>
/// An automaton whose states are the prefixes of the texts. The length of the present state (<see cref="Depth"/>) is that of the longest end of the stream
/// which may still become a match: exactly what must be held back. Time per character is constant on average, however many texts there are.
/// Of the texts that end at one place the longest wins; the place that comes first wins over all later ones.
/// Source: Aho and Corasick 1975, "Efficient string matching".
/// </remarks>
internal sealed class StopStrings
{
    /// <summary>The state of a search that has seen nothing.</summary>
    public const int Start = 0;

    private readonly Dictionary<long, int> _edges = [];
    private readonly List<int> _depths = [0];
    private readonly List<int> _fallbacks = [Start];    // the state of the longest proper end of this state that is a state
    private readonly List<string?> _matches = [null];   // the longest text that ends here

    /// <param name="texts">The texts, none of them empty.</param>
    public StopStrings(IEnumerable<string> texts)
    {
        foreach (var text in texts)
        {
            if (text.Length == 0)
            {
                throw new ArgumentException("a stop string has no characters", nameof(texts));
            }

            var state = Start;
            foreach (var character in text)
            {
                state = Child(state, character);
            }

            _matches[state] = text;
        }

        LinkFallbacks();
    }

    /// <summary>Reads a character and returns the next state.</summary>
    public int Next(int state, char character)
    {
        int next;
        while (!_edges.TryGetValue(Key(state, character), out next))
        {
            if (state == Start)
            {
                return Start;
            }

            state = _fallbacks[state];
        }

        return next;
    }

    /// <summary>Characters at the end of the stream that may be the beginning of a match.</summary>
    public int Depth(int state) => _depths[state];

    /// <summary>The text that has just been completed, or null.</summary>
    public string? Match(int state) => _matches[state];

    private static long Key(int state, char character) => ((long)state << 16) | character;

    private int Child(int state, char character)
    {
        if (!_edges.TryGetValue(Key(state, character), out var child))
        {
            child = _depths.Count;
            _edges.Add(Key(state, character), child);
            _depths.Add(_depths[state] + 1);
            _fallbacks.Add(Start);
            _matches.Add(null);
        }

        return child;
    }

    private void LinkFallbacks()
    {
        // Shorter states first, so that every fallback is ready when a longer state asks for it.
        foreach (var (key, child) in _edges.OrderBy(edge => _depths[edge.Value]).ToArray())
        {
            var (parent, character) = ((int)(key >> 16), (char)key);
            if (parent != Start)
            {
                _fallbacks[child] = Next(_fallbacks[parent], character);
            }

            _matches[child] ??= _matches[_fallbacks[child]];
        }
    }
}

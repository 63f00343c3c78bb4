namespace XLLM.Silo.Sampling;

/// <summary>Which tokens a sequence has, and how often it generated each: what penalties look at. Grows with distinct tokens, not with the vocabulary.</summary>
internal sealed class TokenCounts
{
    private readonly Dictionary<int, int> _places;
    private readonly List<int> _tokens;
    private readonly List<int> _generated;

    /// <param name="capacity">Distinct tokens to have room for, so that counting them allocates nothing.</param>
    public TokenCounts(int capacity)
    {
        _places = new(capacity);
        _tokens = new(capacity);
        _generated = new(capacity);
    }

    /// <summary>Distinct tokens of prompt and output.</summary>
    public int Count => _tokens.Count;

    /// <summary>The distinct token at a place, and how often it was generated; 0 for one that only the prompt has.</summary>
    public (int Token, int Generated) this[int place] => (_tokens[place], _generated[place]);

    /// <summary>Counts a token of the prompt.</summary>
    public void AddPrompt(int token) => _ = Place(token);

    /// <summary>Counts a generated token.</summary>
    public void AddGenerated(int token) => _generated[Place(token)]++;

    private int Place(int token)
    {
        if (!_places.TryGetValue(token, out var place))
        {
            place = _tokens.Count;
            _places.Add(token, place);
            _tokens.Add(token);
            _generated.Add(0);
        }

        return place;
    }
}

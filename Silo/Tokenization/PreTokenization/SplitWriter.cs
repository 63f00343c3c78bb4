namespace XLLM.Silo.Tokenization.PreTokenization;

/// <summary>Turns the matches and the gaps between them, in order, into pieces.</summary>
/// <param name="output">Where the pieces go.</param>
/// <param name="offset">Added to every position.</param>
internal struct SplitWriter(List<TextPiece> output, SplitBehavior behavior, bool invert, int offset)
{
    private int _pendingStart = -1;
    private int _pendingEnd = -1;
    private bool _pendingIsMatch;

    /// <summary>Adds a stretch; an empty one changes nothing.</summary>
    public void Add(int start, int end, bool isMatch)
    {
        if (start == end)
        {
            return;
        }

        isMatch ^= invert;
        var joins = _pendingStart >= 0 && behavior switch
        {
            SplitBehavior.Contiguous => isMatch == _pendingIsMatch,
            SplitBehavior.MergedWithPrevious => isMatch && !_pendingIsMatch,
            SplitBehavior.MergedWithNext => !isMatch && _pendingIsMatch,
            _ => false,
        };
        if (joins)
        {
            // The piece takes the kind of what joined it: "a,b" at commas is "a," and "b" when merged with the previous.
            _pendingEnd = end;
            _pendingIsMatch = isMatch;
            return;
        }

        Finish();
        if (behavior is SplitBehavior.Removed && isMatch)
        {
            return;
        }

        (_pendingStart, _pendingEnd, _pendingIsMatch) = (start, end, isMatch);
    }

    /// <summary>Writes the last piece.</summary>
    public void Finish()
    {
        if (_pendingStart >= 0)
        {
            output.Add(new(offset + _pendingStart, offset + _pendingEnd));
            _pendingStart = -1;
        }
    }
}

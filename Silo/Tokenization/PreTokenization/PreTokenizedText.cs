namespace XLLM.Silo.Tokenization.PreTokenization;

/// <summary>A text and the pieces that it is cut into so far. Pieces are in order, do not overlap, and are never empty.</summary>
/// <param name="text">Well-formed UTF-16.</param>
/// <param name="isTextStart">Whether this is where the caller's text begins, and not a stretch behind an added token.</param>
/// <param name="pieces">Holds the pieces; emptied here.</param>
/// <param name="spare">A second list, which steps write into.</param>
internal ref struct PreTokenizedText(ReadOnlySpan<char> text, bool isTextStart, List<TextPiece> pieces, List<TextPiece> spare)
{
    private List<TextPiece> _spare = spare;

    public ReadOnlySpan<char> Text { get; private set; } = text;

    public bool IsTextStart { get; } = isTextStart;

    public List<TextPiece> Pieces { get; private set; } = Whole(pieces, text.Length);

    /// <summary>An empty list, to be filled and given to <see cref="Replace"/>.</summary>
    public readonly List<TextPiece> Spare()
    {
        _spare.Clear();
        return _spare;
    }

    /// <summary>Puts the list that <see cref="Spare"/> gave in place of the pieces.</summary>
    public void Replace() => (Pieces, _spare) = (_spare, Pieces);

    /// <summary>The same with a rewritten text, which the new pieces are about.</summary>
    public void Replace(string text)
    {
        Replace();
        Text = text;
    }

    private static List<TextPiece> Whole(List<TextPiece> pieces, int length)
    {
        pieces.Clear();
        if (length > 0)
        {
            pieces.Add(new(0, length));
        }

        return pieces;
    }
}

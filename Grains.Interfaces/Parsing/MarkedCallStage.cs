namespace XLLM.Grains.Interfaces.Parsing;

/// <summary>Finds the tag that opens tool calls, and has a reader read what follows. White space around calls is not shown; what only looked like a call is given back as text.</summary>
internal sealed class MarkedCallStage : TextStage
{
    private readonly TagScanner _opening;
    private readonly Func<CallReader> _create;
    private CallReader? _reader;    // null outside calls

    /// <summary>Creates one.</summary>
    /// <param name="writer">Takes the text.</param>
    /// <param name="openTag">Opens calls.</param>
    /// <param name="create">A reader for what follows one tag.</param>
    public MarkedCallStage(ChatEventWriter writer, string openTag, Func<CallReader> create)
    {
        _opening = new(openTag, writer.Content);
        _create = create;
    }

    /// <inheritdoc/>
    public override void Push(ReadOnlySpan<char> text)
    {
        foreach (var next in text)
        {
            Push(next);
        }
    }

    /// <inheritdoc/>
    public override void Finish()
    {
        // Given-back text may hold another unfinished call; each turn is shorter by a tag.
        while (_reader is { } reader)
        {
            if (reader.MustGiveBack)
            {
                Leave(reader);
            }
            else
            {
                reader.CutOff();
                _reader = null;
                _opening.Drop();
            }
        }

        _opening.Release();
    }

    private void Push(char next)
    {
        if (_reader is not { } reader)
        {
            if (_opening.Push(next))
            {
                _reader = _create();
            }

            return;
        }

        reader.Push(next);
        if (reader.Progress != CallProgress.Reading)
        {
            Leave(reader);
        }
    }

    /// <summary>Reads again, as text, what the reader has not shown.</summary>
    private void Leave(CallReader reader)
    {
        _reader = null;
        if (reader.HasShown)
        {
            _opening.Drop();
            _opening.SkipWhiteSpace();
        }
        else
        {
            _opening.Release();
        }

        Push(reader.Unshown);
    }
}

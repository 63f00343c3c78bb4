namespace XLLM.Grains.Interfaces.Parsing;

/// <summary>Reads a section of calls that are elements with a name, their parameters elements inside them.</summary>
internal sealed class ElementCallReader : ParameterCallReader
{
    private readonly ElementCallMarks _marks;
    private string _name = "";
    private bool _isShown;

    /// <summary>Creates one that stands behind the section's opening mark.</summary>
    public ElementCallReader(ChatEventWriter writer, ToolParameterTypes types, ElementCallMarks marks)
        : base(writer, types)
    {
        _marks = marks;
        Expect(BeginCall, marks.CallBegin);
    }

    private bool BeginCall(string mark)
    {
        if (mark == _marks.SectionEnd)
        {
            return End();
        }

        TakeName(
            (name, _) =>
            {
                (_name, _isShown) = (name, false);
                return ExpectParameter();
            },
            _marks.NameEnd);
        return true;
    }

    private bool ExpectParameter(string mark = "")
    {
        Expect(BeginParameter, _marks.ParameterBegin, _marks.CallEnd);
        return true;
    }

    private bool BeginParameter(string mark)
    {
        if (!_isShown)
        {
            BeginArguments(_name);
            _isShown = true;
        }

        if (mark == _marks.CallEnd)
        {
            EndArguments();
            Expect(BeginCall, _marks.CallBegin, _marks.SectionEnd);
        }
        else
        {
            MarkShown();
            TakeKey(BeginValue, [.. _marks.KeyEnds.Select(end => end.Mark)]);
        }

        return true;
    }

    private bool BeginValue(string mark)
    {
        var types = Array.Find(_marks.KeyEnds, end => end.Mark == mark).Types;
        TakeValue(types, _marks.Undeclared, _marks.OwnLines, ExpectParameter, _marks.ParameterEnd);
        return true;
    }
}

/// <summary>The marks of a section of calls that are elements.</summary>
internal sealed record ElementCallMarks
{
    /// <summary>Opens the section.</summary>
    public required string SectionBegin { get; init; }

    /// <summary>Opens a call; its name follows.</summary>
    public required string CallBegin { get; init; }

    /// <summary>Ends the call's name.</summary>
    public required string NameEnd { get; init; }

    /// <summary>Opens a parameter; its name follows.</summary>
    public required string ParameterBegin { get; init; }

    /// <summary>End a parameter's name; some say the value's types, others (null) leave that to the schema.</summary>
    public required (string Mark, JsonTypes? Types)[] KeyEnds { get; init; }

    /// <summary>Ends a parameter.</summary>
    public required string ParameterEnd { get; init; }

    /// <summary>Ends a call.</summary>
    public required string CallEnd { get; init; }

    /// <summary>Ends the section.</summary>
    public required string SectionEnd { get; init; }

    /// <summary>Types of a value that no schema declares.</summary>
    public required JsonTypes Undeclared { get; init; }

    /// <summary>Values stand on lines of their own.</summary>
    public bool OwnLines { get; init; }
}

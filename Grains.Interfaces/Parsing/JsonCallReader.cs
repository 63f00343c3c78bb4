namespace XLLM.Grains.Interfaces.Parsing;

/// <summary>Reads a section of calls that each have a name between marks and then a JSON object. The arguments are shown as they come, exactly as written.</summary>
/// <remarks>The marks are tokens of their own, so one inside a JSON string ends the call too. Arguments that are missing are <c>{}</c>.</remarks>
internal sealed class JsonCallReader : CallReader
{
    private readonly JsonCallMarks _marks;
    private int _depth;
    private bool _inString;
    private bool _escaped;
    private string _name = "";
    private string? _id;

    /// <summary>Creates one that stands behind the section's opening mark.</summary>
    public JsonCallReader(ChatEventWriter writer, JsonCallMarks marks)
        : base(writer)
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

        if (_marks.KindEnd is { } kindEnd)
        {
            TakeName((_, _) => BeginName(), kindEnd);
            return true;
        }

        return BeginName();
    }

    private bool BeginName()
    {
        TakeName(BeginArguments, _marks.NameEnd);
        return true;
    }

    private bool BeginArguments(string header, string mark)
    {
        (_name, _id) = _marks.ReadHeader(header);
        _depth = 0;
        _inString = _escaped = false;
        Take(PushArguments, EndCall, _marks.CallEnd);
        return _name.Length > 0;
    }

    private bool PushArguments(char next)
    {
        if (_depth == 0)
        {
            if (next != '{')
            {
                return char.IsWhiteSpace(next);
            }

            Writer.BeginCall(_name, _id);
        }

        Writer.Arguments([next]);
        MarkShown();
        Follow(next);
        if (_depth == 0)
        {
            Expect(EndObject, _marks.Fence is { } fence ? [fence, _marks.CallEnd] : [_marks.CallEnd]);
        }

        return true;
    }

    /// <summary>Follows strings and brackets, to find where the object ends.</summary>
    private void Follow(char next)
    {
        if (_inString)
        {
            _inString = next != '"' || _escaped;
            _escaped = next == '\\' && !_escaped;
            return;
        }

        _inString = next == '"';
        _depth += next switch
        {
            '{' or '[' => 1,
            '}' or ']' => -1,
            _ => 0,
        };
    }

    private bool EndObject(string mark)
    {
        if (mark != _marks.Fence)
        {
            return EndCall(mark);
        }

        Expect(EndCall, _marks.CallEnd);
        return true;
    }

    private bool EndCall(string mark)
    {
        if (_depth == 0 && MustGiveBack)
        {
            Writer.BeginCall(_name, _id);
            Writer.Arguments("{}");
        }

        MarkShown();
        Expect(BeginCall, _marks.CallBegin, _marks.SectionEnd);
        return true;
    }
}

/// <summary>The marks of a section of calls with JSON arguments.</summary>
internal sealed record JsonCallMarks
{
    /// <summary>Opens the section.</summary>
    public required string SectionBegin { get; init; }

    /// <summary>Opens a call.</summary>
    public required string CallBegin { get; init; }

    /// <summary>Ends the kind of call ("function") before the name; null: none is written.</summary>
    public string? KindEnd { get; init; }

    /// <summary>Stands between name and arguments; white space around it does not matter.</summary>
    public required string NameEnd { get; init; }

    /// <summary>Stands behind the arguments; null: nothing does.</summary>
    public string? Fence { get; init; }

    /// <summary>Ends a call.</summary>
    public required string CallEnd { get; init; }

    /// <summary>Ends the section.</summary>
    public required string SectionEnd { get; init; }

    /// <summary>Function's name and call's id (null: one is made) from what stands before <see cref="NameEnd"/>; an empty name is no call.</summary>
    public Func<string, (string Name, string? Id)> ReadHeader { get; init; } = header => (header, null);
}

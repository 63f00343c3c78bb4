using System.Text;

namespace XLLM.Grains.Interfaces.Parsing;

/// <summary>Reads what follows a tool-call tag, character by character, as a chain of states: each looks for some marks and says what text before them means.</summary>
/// <remarks>Keeps what it has read but not shown, so that it can be given back as text if this proves to be no call.</remarks>
/// <param name="writer">Takes the calls.</param>
internal abstract class CallReader(ChatEventWriter writer)
{
    private readonly StringBuilder _unshown = new();
    private string[] _marks = [];
    private string _held = "";              // beginning of a mark, perhaps
    private Func<char, bool> _text = char.IsWhiteSpace;
    private Func<string, bool> _mark = _ => false;
    private bool _pending;                  // a call has begun that has not been shown

    /// <summary>How far the reading is.</summary>
    public CallProgress Progress { get; private set; }

    /// <summary>At least one call has been shown.</summary>
    public bool HasShown { get; private set; }

    /// <summary>What has been read since the last part that was shown; after the end, what follows it.</summary>
    public string Unshown => _unshown + _held;

    /// <summary>The text ends here: what is unshown belongs to no call and must be given back.</summary>
    public bool MustGiveBack => _pending || !HasShown;

    /// <summary>Where calls go.</summary>
    protected ChatEventWriter Writer => writer;

    /// <summary>Reads a character.</summary>
    public void Push(char next)
    {
        if (Progress != CallProgress.Reading)
        {
            _unshown.Append(next);
            return;
        }

        _held += next;
        if (_marks.Contains(_held))
        {
            var mark = _held;
            _held = "";
            _unshown.Append(mark);
            Check(_mark(mark));
        }
        else if (!Array.Exists(_marks, mark => mark.StartsWith(_held, StringComparison.Ordinal)))
        {
            // The first character is certain to be text; those behind it may still begin a mark, perhaps of another state.
            var held = _held;
            _held = "";
            _unshown.Append(held[0]);
            Check(_text(held[0]));
            foreach (var again in held.AsSpan(1))
            {
                Push(again);
            }
        }
    }

    /// <summary>The text ends within a call that has been shown: writes the arguments that are still held back.</summary>
    public virtual void CutOff()
    {
    }

    /// <summary>What follows does not fit: completes the call that has been shown, if one is open.</summary>
    protected virtual void BreakOff()
    {
    }

    /// <summary>Next comes one of the marks, with nothing but white space before it.</summary>
    /// <param name="then">Enters the next state; false if this is no call.</param>
    /// <param name="marks">The marks.</param>
    protected void Expect(Func<string, bool> then, params string[] marks) => Take(char.IsWhiteSpace, then, marks);

    /// <summary>Text follows, up to one of the marks.</summary>
    /// <param name="text">Reads a character; false if it cannot follow.</param>
    /// <param name="then">Enters the next state; false if this is no call.</param>
    /// <param name="marks">The marks.</param>
    protected void Take(Func<char, bool> text, Func<string, bool> then, params string[] marks)
    {
        _text = text;
        _mark = then;
        _marks = marks;
    }

    /// <summary>A function's name follows, up to one of the marks.</summary>
    /// <param name="then">Takes the name, white space around it removed, and the mark.</param>
    /// <param name="marks">The marks.</param>
    protected void TakeName(Func<string, string, bool> then, params string[] marks)
    {
        _pending = true;
        var name = new StringBuilder();
        Take(
            next =>
            {
                name.Append(next);
                return next is not ('<' or '>' or '{' or '}' or '"' or '`') && (char.IsWhiteSpace(next) || !char.IsControl(next));
            },
            mark => name.ToString().Trim() is { Length: > 0 } trimmed && !trimmed.Any(char.IsWhiteSpace) && then(trimmed, mark),
            marks);
    }

    /// <summary>What has been read so far is shown, or belongs to what is.</summary>
    protected void MarkShown()
    {
        _unshown.Clear();
        _pending = false;
        HasShown = true;
    }

    /// <summary>The calls end here.</summary>
    protected bool End()
    {
        MarkShown();
        Progress = CallProgress.Ended;
        return true;
    }

    private void Check(bool fits)
    {
        if (!fits)
        {
            Progress = CallProgress.Failed;
            BreakOff();
        }
    }
}

/// <summary>How far a <see cref="CallReader"/> is.</summary>
internal enum CallProgress
{
    /// <summary>More may follow.</summary>
    Reading,

    /// <summary>The calls are complete.</summary>
    Ended,

    /// <summary>What was read last cannot follow.</summary>
    Failed,
}

using System.Text;

namespace XLLM.Grains.Interfaces.Parsing;

/// <summary>Base of readers for calls whose parameters stand in tags of their own: writes them as one JSON object. Strings are shown as they come, other values when they are complete.</summary>
/// <param name="writer">Takes the calls.</param>
/// <param name="types">Types of the parameters.</param>
internal abstract class ParameterCallReader(ChatEventWriter writer, ToolParameterTypes types) : CallReader(writer)
{
    private readonly StringBuilder _key = new();
    private readonly StringBuilder _value = new();  // of a value that is no string, so far
    private string _function = "";
    private int _parameters;
    private bool _isOpen;                           // an object has been begun and not ended
    private bool _newLine;                          // held back: the last of a value does not count

    /// <inheritdoc/>
    public override void CutOff() => Writer.Arguments(_value.ToString());

    /// <inheritdoc/>
    protected override void BreakOff()
    {
        if (_isOpen)
        {
            Writer.Arguments("}");
        }
    }

    /// <summary>The call is certain: its name is shown.</summary>
    protected void BeginArguments(string function)
    {
        _function = function;
        _parameters = 0;
        _isOpen = true;
        Writer.BeginCall(function);
        Writer.Arguments("{");
        MarkShown();
    }

    /// <summary>The call is complete.</summary>
    protected void EndArguments()
    {
        _isOpen = false;
        Writer.Arguments("}");
        MarkShown();
    }

    /// <summary>A parameter's name follows, up to one of the marks.</summary>
    protected void TakeKey(Func<string, bool> then, params string[] marks)
    {
        _key.Clear();
        Writer.Arguments(_parameters++ == 0 ? "\"" : ", \"");
        Take(
            next =>
            {
                _key.Append(next);
                return Show(JsonText.Escape(next));
            },
            mark => Show("\": ") && then(mark),
            marks);
    }

    /// <summary>The value of the parameter named last follows, up to the mark.</summary>
    /// <param name="type">Its types; null: the schema's.</param>
    /// <param name="undeclared">Its types where the schema does not say.</param>
    /// <param name="ownLines">The value stands on lines of its own: one line end before it and one behind it do not belong to it.</param>
    /// <param name="then">Enters the next state.</param>
    /// <param name="mark">Ends the value.</param>
    protected void TakeValue(JsonTypes? type, JsonTypes undeclared, bool ownLines, Func<string, bool> then, string mark)
    {
        var expected = type ?? types.Of(_function, _key.ToString(), undeclared);
        var isString = expected == JsonTypes.String;
        var isFirst = true;
        _newLine = false;
        if (isString)
        {
            Writer.Arguments("\"");
        }

        Take(Push, End, mark);

        bool Push(char next)
        {
            var skip = ownLines && isFirst && next == '\n';
            isFirst = false;
            if (skip)
            {
                return true;
            }

            if (_newLine)
            {
                Keep('\n');
            }

            _newLine = ownLines && next == '\n';
            if (!_newLine)
            {
                Keep(next);
            }

            return true;
        }

        void Keep(char next)
        {
            if (isString)
            {
                Show(JsonText.Escape(next));
            }
            else
            {
                _value.Append(next);
            }
        }

        bool End(string found)
        {
            Show(isString ? "\"" : JsonText.FromUnquoted(_value.ToString(), expected));
            _value.Clear();
            return then(found);
        }
    }

    private bool Show(string text)
    {
        Writer.Arguments(text);
        MarkShown();
        return true;
    }
}

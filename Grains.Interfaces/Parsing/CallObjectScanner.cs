using System.Text;

namespace XLLM.Grains.Interfaces.Parsing;

/// <summary>Reads <c>{"name": ..., "arguments": {...}}</c> character by character, so that the arguments can be shown before the object has ended.</summary>
/// <remarks>
/// Strict about the outer object, by which a call is told from other text. Inside the arguments only strings and brackets are followed:
/// they are handed on exactly as the model wrote them. <c>parameters</c> is another word for <c>arguments</c>; other fields are skipped; of two equal fields the first counts.
/// </remarks>
internal sealed class CallObjectScanner
{
    private readonly StringBuilder _key = new();
    private readonly StringBuilder _value = new();
    private Place _place = Place.Start;
    private Field _field;
    private int _depth;
    private bool _escaped;

    private enum Place
    {
        Start,
        Key,
        InKey,
        Colon,
        Value,
        InString,
        InContainer,
        InContainerString,
        InScalar,
        AfterValue,
        End,
    }

    private enum Field
    {
        Other,
        Name,
        Arguments,
    }

    /// <summary>The function's name, once read.</summary>
    public string? Name { get; private set; }

    /// <summary>Text of the arguments' value so far; null before it begins.</summary>
    public StringBuilder? Arguments { get; private set; }

    /// <summary>The arguments are a JSON object, so they can be shown as they come.</summary>
    public bool ArgumentsAreObject => Arguments is { Length: > 0 } && Arguments[0] == '{';

    /// <summary>The outer object has ended.</summary>
    public bool IsComplete => _place == Place.End;

    /// <summary>The next character is part of a string, where no tag can begin.</summary>
    public bool InString => _place is Place.InKey or Place.InString or Place.InContainerString;

    /// <summary>The character read last is part of the arguments' value.</summary>
    public bool ReadArgument { get; private set; }

    /// <summary>Reads a character; false if it cannot follow.</summary>
    public bool Push(char next)
    {
        ReadArgument = false;
        switch (_place)
        {
            case Place.InKey:
                return PushKey(next);
            case Place.InString:
                Keep(next);
                return !EndsString(next) || EndValue();
            case Place.InContainer or Place.InContainerString:
                Keep(next);
                return PushContainer(next);
            case Place.InScalar when next is not (',' or '}') && !char.IsWhiteSpace(next):
                Keep(next);
                return true;
            case Place.InScalar:
                return EndValue() && Push(next);
        }

        return char.IsWhiteSpace(next) || PushStructure(next);
    }

    private bool PushStructure(char next)
    {
        if (_place == Place.Value)
        {
            return BeginValue(next);
        }

        Place? place = (_place, next) switch
        {
            (Place.Start, '{') => Place.Key,
            (Place.Key, '"') => Place.InKey,
            (Place.Colon, ':') => Place.Value,
            (Place.AfterValue, ',') => Place.Key,
            (Place.AfterValue or Place.Key, '}') => Place.End,
            _ => null,
        };
        _place = place ?? _place;
        return place is not null;
    }

    private bool PushKey(char next)
    {
        if (!EndsString(next))
        {
            _key.Append(next);
            return true;
        }

        _field = _key.ToString() switch
        {
            "name" when Name is null => Field.Name,
            "arguments" or "parameters" when Arguments is null => Field.Arguments,
            _ => Field.Other,
        };
        _key.Clear();
        _place = Place.Colon;
        return true;
    }

    private bool BeginValue(char first)
    {
        if (first is '}' or ']' or ',' or ':')
        {
            return false;
        }

        if (_field == Field.Arguments)
        {
            Arguments = new();
        }

        _place = first switch
        {
            '"' => Place.InString,
            '{' or '[' => Place.InContainer,
            _ => Place.InScalar,
        };
        _depth = 1;
        Keep(first);
        return true;
    }

    private bool PushContainer(char next)
    {
        if (_place == Place.InContainerString)
        {
            _place = EndsString(next) ? Place.InContainer : _place;
            return true;
        }

        switch (next)
        {
            case '"':
                _place = Place.InContainerString;
                return true;
            case '{' or '[':
                _depth++;
                return true;
            case '}' or ']':
                _depth--;
                return _depth > 0 || EndValue();
            default:
                return true;
        }
    }

    private bool EndsString(char next)
    {
        var ends = next == '"' && !_escaped;
        _escaped = next == '\\' && !_escaped;
        return ends;
    }

    private void Keep(char next)
    {
        if (_field == Field.Arguments)
        {
            Arguments!.Append(next);
            ReadArgument = true;
        }
        else if (_field == Field.Name)
        {
            _value.Append(next);
        }
    }

    private bool EndValue()
    {
        _place = Place.AfterValue;
        if (_field == Field.Name)
        {
            if (!JsonText.TryDecodeString(_value.ToString(), out var name) || name.Length == 0)
            {
                return false;
            }

            Name = name;
        }

        _field = Field.Other;
        return true;
    }
}

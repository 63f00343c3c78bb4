using System.Globalization;

namespace XLLM.Silo.Tokenization.Patterns;

/// <summary>
/// Parses the regular expressions of tokenizer files. The dialect is Oniguruma's Ruby syntax, which tokenizer.json files are written for:
/// <c>{n,m}+</c> repeats again (it is not possessive), <c>^</c> and <c>$</c> are line anchors, classes nest and intersect (<c>&amp;&amp;</c>).
/// Back references, conditions and recursion are refused: no known tokenizer uses them.
/// </summary>
internal sealed class PatternParser
{
    /// <summary>Counted repetitions up to this; a larger number is a mistake or an attack.</summary>
    private const int MaximumRepeat = 1000;

    /// <summary>Nesting of groups and classes up to this; known patterns have 3.</summary>
    private const int MaximumDepth = 50;

    private readonly string _pattern;
    private int _position;
    private int _depth;
    private bool _ignoreCase;
    private bool _dotMatchesNewline;

    private PatternParser(string pattern) => _pattern = pattern;

    /// <exception cref="FormatException">The pattern is malformed or uses what is not supported; the message has the position.</exception>
    public static PatternNode Parse(string pattern)
    {
        var parser = new PatternParser(pattern);
        var node = parser.ParseChoice();
        return parser.AtEnd ? node : throw parser.Fault("unmatched ')'");
    }

    private bool AtEnd => _position >= _pattern.Length;

    private char Current => _pattern[_position];

    private FormatException Fault(string problem) => new($"pattern \"{_pattern}\", position {_position}: {problem}");

    private bool Accept(string text)
    {
        if (string.CompareOrdinal(_pattern, _position, text, 0, text.Length) != 0)
        {
            return false;
        }

        _position += text.Length;
        return true;
    }

    private PatternNode ParseChoice()
    {
        if (++_depth > MaximumDepth)
        {
            throw Fault($"groups are nested deeper than {MaximumDepth}");
        }

        var (ignoreCase, dotMatchesNewline) = (_ignoreCase, _dotMatchesNewline);
        var branches = new List<PatternNode> { ParseSequence() };
        while (Accept("|"))
        {
            branches.Add(ParseSequence());
        }

        // Flags set inside a group end with it.
        (_ignoreCase, _dotMatchesNewline) = (ignoreCase, dotMatchesNewline);
        _depth--;
        return branches is [var one] ? one : new PatternNode.Choice(branches);
    }

    private PatternNode ParseSequence()
    {
        var parts = new List<PatternNode>();
        while (!AtEnd && Current is not ('|' or ')'))
        {
            if (ParseAtom() is { } atom)
            {
                parts.Add(ParseQuantifiers(atom));
            }
        }

        return parts is [var one] ? one : new PatternNode.Sequence(parts);
    }

    private PatternNode ParseQuantifiers(PatternNode atom)
    {
        while (!AtEnd)
        {
            int minimum, maximum;
            var counted = false;
            if (Accept("*"))
            {
                (minimum, maximum) = (0, int.MaxValue);
            }
            else if (Accept("+"))
            {
                (minimum, maximum) = (1, int.MaxValue);
            }
            else if (Accept("?"))
            {
                (minimum, maximum) = (0, 1);
            }
            else if (Current == '{' && TryParseCounts(out minimum, out maximum))
            {
                counted = true;
            }
            else
            {
                return atom;
            }

            var mode = Accept("?") ? PatternNode.RepeatMode.Lazy
                : !counted && Accept("+") ? PatternNode.RepeatMode.Possessive
                : PatternNode.RepeatMode.Greedy;
            if (maximum > 1 && atom.CanBeEmpty())
            {
                throw Fault("a repetition of something that can be empty is not supported");
            }

            atom = new PatternNode.Repeat(atom, minimum, maximum, mode);
        }

        return atom;
    }

    /// <summary>Reads {n}, {n,}, {,m} or {n,m}; anything else leaves the brace as a literal.</summary>
    private bool TryParseCounts(out int minimum, out int maximum)
    {
        (minimum, maximum) = (0, int.MaxValue);
        var close = _pattern.IndexOf('}', _position);
        if (close < 0)
        {
            return false;
        }

        var fields = _pattern[(_position + 1)..close].Split(',');
        if (fields.Length > 2 || fields.All(field => field.Length == 0) || !fields.All(field => field.All(char.IsAsciiDigit)))
        {
            return false;
        }

        minimum = Count(fields[0], 0);
        maximum = fields.Length == 1 ? minimum : Count(fields[1], int.MaxValue);
        if (maximum < minimum)
        {
            throw Fault($"{{{minimum},{maximum}}} has its maximum below its minimum");
        }

        _position = close + 1;
        return true;

        int Count(string field, int missing)
        {
            if (field.Length == 0)
            {
                return missing;
            }

            return int.TryParse(field, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count <= MaximumRepeat
                ? count
                : throw Fault($"the count {field} is over {MaximumRepeat}");
        }
    }

    private PatternNode? ParseAtom()
    {
        switch (Current)
        {
            case '(':
                return ParseGroup();
            case '[':
                return new PatternNode.Single(CodePointSet.Create(ParseClass()));
            case '.':
                _position++;
                return Node(_dotMatchesNewline ? _ => true : codePoint => codePoint != '\n');
            case '^':
                _position++;
                return new PatternNode.Anchor(PatternNode.AnchorKind.LineStart);
            case '$':
                _position++;
                return new PatternNode.Anchor(PatternNode.AnchorKind.LineEnd);
            case '*' or '+' or '?':
                throw Fault($"'{Current}' has nothing to repeat");
            case '\\':
                return ParseEscape();
            default:
                return Node(Literal(NextCodePoint()));
        }
    }

    private static PatternNode.Single Node(Func<int, bool> contains) => new(CodePointSet.Create(contains));

    private Func<int, bool> Literal(int codePoint) => Fold(CodePointSet.Range(codePoint, codePoint));

    private Func<int, bool> Fold(Func<int, bool> contains) => _ignoreCase ? CodePointSet.IgnoringCase(contains) : contains;

    private int NextCodePoint()
    {
        if (AtEnd)
        {
            throw Fault("the pattern ends too early");
        }

        if (char.IsHighSurrogate(Current) && _position + 1 < _pattern.Length && char.IsLowSurrogate(_pattern[_position + 1]))
        {
            _position += 2;
            return char.ConvertToUtf32(_pattern[_position - 2], _pattern[_position - 1]);
        }

        return _pattern[_position++];
    }

    private PatternNode? ParseGroup()
    {
        _position++;
        if (!Accept("?"))
        {
            return Close(ParseChoice());
        }

        if (Accept(":"))
        {
            return Close(ParseChoice());
        }

        if (Accept(">"))
        {
            return new PatternNode.Atomic(Close(ParseChoice()));
        }

        foreach (var (text, behind, negative) in (ReadOnlySpan<(string, bool, bool)>)[("=", false, false), ("!", false, true), ("<=", true, false), ("<!", true, true)])
        {
            if (Accept(text))
            {
                var body = Close(ParseChoice());
                return behind && body.FixedLength() is null
                    ? throw Fault("a look-behind must have a fixed length")
                    : new PatternNode.Look(body, behind, negative);
            }
        }

        if (Accept("#"))
        {
            var close = _pattern.IndexOf(')', _position);
            _position = close < 0 ? throw Fault("a comment is not closed") : close + 1;
            return null;
        }

        if (Accept("<") || Accept("P<"))
        {
            var close = _pattern.IndexOf('>', _position);
            _position = close < 0 ? throw Fault("a group's name is not closed") : close + 1;
            return Close(ParseChoice());
        }

        return ParseFlags();
    }

    /// <summary><c>(?i:...)</c>, or <c>(?i)</c> up to the end of the enclosing group.</summary>
    private PatternNode? ParseFlags()
    {
        var (ignoreCase, dotMatchesNewline) = (_ignoreCase, _dotMatchesNewline);
        for (var on = true; !AtEnd; _position++)
        {
            switch (Current)
            {
                case '-':
                    on = false;
                    break;
                case 'i':
                    _ignoreCase = on;
                    break;
                case 'm':
                    _dotMatchesNewline = on;
                    break;
                case ')':
                    _position++;
                    // To the end of the group: the rest, with its alternatives, is this atom.
                    return ParseChoice();
                case ':':
                    _position++;
                    var body = Close(ParseChoice());
                    (_ignoreCase, _dotMatchesNewline) = (ignoreCase, dotMatchesNewline);
                    return body;
                default:
                    throw Fault($"the group flag '{Current}' is not supported");
            }
        }

        throw Fault("a group is not closed");
    }

    private PatternNode Close(PatternNode body) => Accept(")") ? body : throw Fault("a group is not closed");

    private PatternNode ParseEscape()
    {
        if (_position + 1 >= _pattern.Length)
        {
            throw Fault("a backslash ends the pattern");
        }

        PatternNode.AnchorKind? anchor = _pattern[_position + 1] switch
        {
            'A' => PatternNode.AnchorKind.TextStart,
            'z' => PatternNode.AnchorKind.TextEnd,
            'Z' => PatternNode.AnchorKind.TextEndOrFinalNewline,
            'b' => PatternNode.AnchorKind.WordBoundary,
            'B' => PatternNode.AnchorKind.NotWordBoundary,
            _ => null,
        };
        if (anchor is { } kind)
        {
            _position += 2;
            return new PatternNode.Anchor(kind);
        }

        return Node(TryParseShorthand() ?? Literal(ParseEscapedCodePoint()));
    }

    /// <summary>An escape that stands for a set, such as <c>\s</c> or <c>\p{Lu}</c>; null where it stands for one code point.</summary>
    private Func<int, bool>? TryParseShorthand()
    {
        var letter = _pattern[_position + 1];
        Func<int, bool>? set = char.ToLowerInvariant(letter) switch
        {
            's' => CodePointSet.IsWhiteSpace,
            'w' => CodePointSet.IsWord,
            'd' => CodePointSet.TryProperty("Nd"),
            'h' => codePoint => codePoint < 128 && char.IsAsciiHexDigit((char)codePoint),
            _ => null,
        };
        if (set is not null)
        {
            _position += 2;
            return char.IsUpper(letter) ? Not(set) : set;
        }

        if (letter is not ('p' or 'P'))
        {
            return null;
        }

        _position += 2;
        string name;
        if (Accept("{"))
        {
            var close = _pattern.IndexOf('}', _position);
            name = close < 0 ? throw Fault("a property's name is not closed") : _pattern[_position..close];
            _position = close + 1;
        }
        else
        {
            name = AtEnd ? throw Fault("a property needs a name") : _pattern[_position++].ToString();
        }

        var negative = letter == 'P';
        if (name.StartsWith('^'))
        {
            negative = !negative;
            name = name[1..];
        }

        var property = CodePointSet.TryProperty(name) ?? throw Fault($"the property {name} is unknown");
        return negative ? Not(Fold(property)) : Fold(property);
    }

    private static Func<int, bool> Not(Func<int, bool> set) => codePoint => !set(codePoint);

    private int ParseEscapedCodePoint()
    {
        _position++;
        var letter = NextCodePoint();
        switch (letter)
        {
            case 'n':
                return '\n';
            case 'r':
                return '\r';
            case 't':
                return '\t';
            case 'f':
                return '\f';
            case 'v':
                return '\v';
            case 'a':
                return '\a';
            case 'e':
                return 0x1B;
            case '0':
                return 0;
            case 'u':
                return Accept("{") ? Hexadecimal(_pattern.IndexOf('}', _position) - _position, closed: true) : Hexadecimal(4, closed: false);
            case 'x':
                return Accept("{") ? Hexadecimal(_pattern.IndexOf('}', _position) - _position, closed: true) : Hexadecimal(2, closed: false);
            case < 128 when char.IsAsciiLetterOrDigit((char)letter):
                throw Fault($"the escape \\{(char)letter} is not supported");
            default:
                return letter;
        }
    }

    private int Hexadecimal(int digits, bool closed)
    {
        if (digits <= 0 || _position + digits > _pattern.Length
            || !int.TryParse(_pattern.AsSpan(_position, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value)
            || value is < 0 or > 0x10FFFF)
        {
            throw Fault("a hexadecimal code point is malformed");
        }

        _position += closed ? digits + 1 : digits;
        return value;
    }

    private Func<int, bool> ParseClass()
    {
        if (++_depth > MaximumDepth)
        {
            throw Fault($"classes are nested deeper than {MaximumDepth}");
        }

        _position++;
        var negative = Accept("^");
        Func<int, bool>? intersection = null;
        var members = new List<Func<int, bool>>();
        for (var first = true; ; first = false)
        {
            if (AtEnd)
            {
                throw Fault("a class is not closed");
            }

            if (Current == ']' && !first)
            {
                _position++;
                break;
            }

            if (Accept("&&"))
            {
                intersection = And(intersection, Union(members));
                members = [];
                continue;
            }

            members.Add(ParseMember());
        }

        _depth--;
        var set = And(intersection, Union(members));
        return negative ? Not(set) : set;
    }

    private static Func<int, bool> Union(List<Func<int, bool>> members)
    {
        var sets = members.ToArray();
        return sets is [var one] ? one : codePoint =>
        {
            foreach (var set in sets)
            {
                if (set(codePoint))
                {
                    return true;
                }
            }

            return false;
        };
    }

    private static Func<int, bool> And(Func<int, bool>? left, Func<int, bool> right) =>
        left is null ? right : codePoint => left(codePoint) && right(codePoint);

    private Func<int, bool> ParseMember()
    {
        if (Accept("[:"))
        {
            var close = _pattern.IndexOf(":]", _position, StringComparison.Ordinal);
            var name = close < 0 ? throw Fault("a named class is not closed") : _pattern[_position..close];
            _position = close + 2;
            var negative = name.StartsWith('^');
            var property = CodePointSet.TryProperty(name.TrimStart('^')) ?? throw Fault($"the class [:{name}:] is unknown");
            return negative ? Not(property) : property;
        }

        if (Current == '[')
        {
            return ParseClass();
        }

        if (Current == '\\' && _position + 1 < _pattern.Length && TryParseShorthand() is { } shorthand)
        {
            return shorthand;
        }

        var from = ParseClassCodePoint();
        if (_position + 1 < _pattern.Length && Current == '-' && _pattern[_position + 1] is not (']' or '['))
        {
            var dash = _position++;
            if (Current == '\\' && _position + 1 < _pattern.Length && TryParseShorthand() is { } set)
            {
                // As in [a-\d]: the dash is a literal.
                return Union([Literal(from), Literal('-'), set]);
            }

            var to = ParseClassCodePoint();
            if (to < from)
            {
                _position = dash;
                throw Fault("a range ends before it begins");
            }

            return Fold(CodePointSet.Range(from, to));
        }

        return Literal(from);
    }

    private int ParseClassCodePoint()
    {
        if (Current != '\\')
        {
            return NextCodePoint();
        }

        if (Accept("\\b"))
        {
            return '\b';
        }

        return ParseEscapedCodePoint();
    }
}

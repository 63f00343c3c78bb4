using System.Text;
using XLLM.Silo.Templates.Strings;

namespace XLLM.Silo.Templates.Syntax;

/// <summary>Cuts a template into tokens, with the whitespace rules of <c>trim_blocks</c> and <c>lstrip_blocks</c> on.</summary>
/// <remarks>Rules: Jinja2 3.1 <c>lexer.py</c>. Tags end only where brackets are balanced, so <c>{{ {'a': {}} }}</c> is one tag.</remarks>
internal sealed class Lexer(TemplateSource source)
{
    private readonly string _text = source.Text;
    private readonly List<Token> _tokens = [];
    private readonly Stack<char> _open = new();
    private int _position;
    private bool _lineStarting = true;

    /// <summary>All tokens; the last is <see cref="TokenKind.End"/>.</summary>
    public List<Token> Tokenize()
    {
        while (_position < _text.Length)
        {
            var tag = FindTag(_position);
            if (tag < 0)
            {
                AddData(_position, _text.Length);
                _position = _text.Length;
                break;
            }

            ReadTag(tag);
        }

        _tokens.Add(new(TokenKind.End, "", _text.Length));
        return _tokens;
    }

    private int FindTag(int from)
    {
        for (var i = _text.IndexOf('{', from); i >= 0 && i + 1 < _text.Length; i = _text.IndexOf('{', i + 1))
        {
            if (_text[i + 1] is '{' or '%' or '#')
            {
                return i;
            }
        }

        return -1;
    }

    private void ReadTag(int tag)
    {
        var begin = _position;
        var kind = _text[tag + 1];
        var sign = tag + 2 < _text.Length && _text[tag + 2] is '-' or '+' ? _text[tag + 2] : '\0';
        var inside = tag + 2 + (sign == '\0' ? 0 : 1);
        AddData(begin, DataEnd(begin, tag, sign, strip: kind != '{', _lineStarting));
        switch (kind)
        {
            case '#':
                _position = inside;
                SkipComment(tag);
                break;
            case '%' when TryRawBegin(inside, out var raw):
                _position = raw;
                ReadRaw(tag);
                break;
            default:
                _position = inside;
                ReadCode(tag, kind == '%');
                break;
        }
    }

    /// <summary>Where the data before a tag ends once the tag's whitespace control has been obeyed.</summary>
    private int DataEnd(int begin, int tag, char sign, bool strip, bool lineStarting)
    {
        var end = tag;
        if (sign == '-')
        {
            while (end > begin && Characters.IsSpace(_text[end - 1]))
            {
                end--;
            }

            return end;
        }

        if (sign == '+' || !strip)
        {
            return tag;
        }

        while (end > begin && _text[end - 1] != '\n')
        {
            if (!Characters.IsSpace(_text[end - 1]))
            {
                return tag;
            }

            end--;
        }

        return end > begin || lineStarting ? end : tag;
    }

    private void AddData(int begin, int end)
    {
        if (end > begin)
        {
            _tokens.Add(new(TokenKind.Data, _text[begin..end], begin));
        }
    }

    private void SkipComment(int tag)
    {
        for (var i = _position; i < _text.Length; i++)
        {
            if (TryEnd(i, '#', plus: true, trim: true, out var end))
            {
                _position = end;
                return;
            }
        }

        // As Jinja2's: a comment or raw block that begins at the very end is not missed.
        if (_position < _text.Length)
        {
            throw source.Fail(tag, "Missing end of comment tag");
        }
    }

    /// <summary>Whether <c>raw</c> and the end of its tag stand here; <paramref name="end"/> is behind them.</summary>
    private bool TryRawBegin(int position, out int end)
    {
        end = 0;
        var i = SkipSpaces(position);
        if (string.CompareOrdinal(_text, i, "raw", 0, 3) != 0)
        {
            return false;
        }

        // Unlike other tags, raw keeps the line break behind it.
        return TryEnd(SkipSpaces(i + 3), '%', plus: false, trim: false, out end);
    }

    private void ReadRaw(int tag)
    {
        var begin = _position;
        var lineStarting = _lineStarting;
        for (var i = _text.IndexOf("{%", begin, StringComparison.Ordinal); i >= 0; i = _text.IndexOf("{%", i + 1, StringComparison.Ordinal))
        {
            var sign = i + 2 < _text.Length && _text[i + 2] is '-' or '+' ? _text[i + 2] : '\0';
            var word = SkipSpaces(i + 2 + (sign == '\0' ? 0 : 1));
            if (string.CompareOrdinal(_text, word, "endraw", 0, 6) == 0 && TryEnd(SkipSpaces(word + 6), '%', plus: true, trim: true, out var end))
            {
                AddData(begin, DataEnd(begin, i, sign, strip: true, lineStarting));
                _position = end;
                return;
            }
        }

        if (begin < _text.Length)
        {
            throw source.Fail(tag, "Missing end of raw directive");
        }
    }

    /// <summary>Matches the end of a tag, which takes in the whitespace that its sign asks for.</summary>
    private bool TryEnd(int i, char mark, bool plus, bool trim, out int end)
    {
        end = 0;
        if (i >= _text.Length)
        {
            return false;
        }

        var sign = _text[i];
        var at = sign == '-' || (plus && sign == '+') ? i + 1 : i;
        if (at + 1 >= _text.Length || _text[at] != mark || _text[at + 1] != '}')
        {
            return false;
        }

        end = at + 2;
        if (sign == '-')
        {
            end = SkipSpaces(end);
        }
        else if (trim && sign != '+' && end < _text.Length && _text[end] == '\n')
        {
            end++;
        }

        _lineStarting = _text[end - 1] == '\n';
        return true;
    }

    private int SkipSpaces(int i)
    {
        while (i < _text.Length && Characters.IsSpace(_text[i]))
        {
            i++;
        }

        return i;
    }

    private void ReadCode(int tag, bool isBlock)
    {
        _tokens.Add(new(isBlock ? TokenKind.BlockBegin : TokenKind.VariableBegin, "", tag));
        _open.Clear();
        while (_position < _text.Length)
        {
            var start = _position;
            if (_open.Count == 0 && (isBlock ? TryEnd(start, '%', plus: true, trim: true, out var end) : TryVariableEnd(start, out end)))
            {
                _tokens.Add(new(isBlock ? TokenKind.BlockEnd : TokenKind.VariableEnd, "", start));
                _position = end;
                return;
            }

            ReadToken(start);
        }
    }

    private bool TryVariableEnd(int i, out int end)
    {
        var at = _text[i] == '-' ? i + 1 : i;
        end = at + 2;
        if (end > _text.Length || _text[at] != '}' || _text[at + 1] != '}')
        {
            return false;
        }

        end = at == i ? end : SkipSpaces(end);
        _lineStarting = _text[end - 1] == '\n';
        return true;
    }

    private void ReadToken(int start)
    {
        var c = _text[start];
        if (Characters.IsSpace(c))
        {
            _position = SkipSpaces(start);
        }
        else if (char.IsAsciiDigit(c))
        {
            ReadNumber(start);
        }
        else if (c is '\'' or '"')
        {
            ReadText(start, c);
        }
        else if (Characters.IsNamePart(RuneAt(start)))
        {
            ReadName(start);
        }
        else
        {
            ReadOperator(start, c);
        }
    }

    private Rune RuneAt(int i) => Rune.TryGetRuneAt(_text, i, out var rune) ? rune : Rune.ReplacementChar;

    private void ReadName(int start)
    {
        var end = start;
        var isValid = Characters.IsNameStart(RuneAt(start));
        while (end < _text.Length && Characters.IsNamePart(RuneAt(end)))
        {
            isValid &= Characters.IsIdentifierPart(RuneAt(end));
            end += RuneAt(end).Utf16SequenceLength;
        }

        if (!isValid)
        {
            throw source.Fail(start, "Invalid character in identifier");
        }

        _tokens.Add(new(TokenKind.Name, _text[start..end], start));
        _position = end;
    }

    private void ReadText(int start, char quote)
    {
        var end = start + 1;
        while (end < _text.Length && _text[end] != quote)
        {
            end += _text[end] == '\\' ? 2 : 1;
        }

        if (end >= _text.Length)
        {
            throw source.Fail(start, $"unexpected char {Characters.Quote(quote.ToString())}: the text literal has no end");
        }

        _tokens.Add(new(TokenKind.Text, TextLiteral.Unescape(source, start + 1, end), start));
        _position = end + 1;
    }

    private void ReadNumber(int start)
    {
        _tokens.Add(NumberLiteral.Read(source, start, out var end));
        _position = end;
    }

    private void ReadOperator(int start, char c)
    {
        var next = start + 1 < _text.Length ? _text[start + 1] : '\0';
        var (kind, length) = (c, next) switch
        {
            ('/', '/') => (TokenKind.FloorDivide, 2),
            ('*', '*') => (TokenKind.Power, 2),
            ('=', '=') => (TokenKind.Equal, 2),
            ('!', '=') => (TokenKind.NotEqual, 2),
            ('>', '=') => (TokenKind.GreaterOrEqual, 2),
            ('<', '=') => (TokenKind.LessOrEqual, 2),
            ('+', _) => (TokenKind.Add, 1),
            ('-', _) => (TokenKind.Subtract, 1),
            ('/', _) => (TokenKind.Divide, 1),
            ('*', _) => (TokenKind.Multiply, 1),
            ('%', _) => (TokenKind.Modulo, 1),
            ('~', _) => (TokenKind.Tilde, 1),
            ('[', _) => (TokenKind.LeftBracket, 1),
            (']', _) => (TokenKind.RightBracket, 1),
            ('(', _) => (TokenKind.LeftParenthesis, 1),
            (')', _) => (TokenKind.RightParenthesis, 1),
            ('{', _) => (TokenKind.LeftBrace, 1),
            ('}', _) => (TokenKind.RightBrace, 1),
            ('>', _) => (TokenKind.Greater, 1),
            ('<', _) => (TokenKind.Less, 1),
            ('=', _) => (TokenKind.Assign, 1),
            ('.', _) => (TokenKind.Dot, 1),
            (':', _) => (TokenKind.Colon, 1),
            ('|', _) => (TokenKind.Pipe, 1),
            (',', _) => (TokenKind.Comma, 1),
            (';', _) => (TokenKind.Semicolon, 1),
            _ => throw source.Fail(start, $"unexpected char {Characters.Quote(RuneAt(start).ToString())}"),
        };
        Balance(start, c);
        _tokens.Add(new(kind, _text.Substring(start, length), start));
        _position = start + length;
    }

    private void Balance(int start, char c)
    {
        switch (c)
        {
            case '(':
                _open.Push(')');
                break;
            case '[':
                _open.Push(']');
                break;
            case '{':
                _open.Push('}');
                break;
            case ')' or ']' or '}' when _open.Count == 0:
                throw source.Fail(start, $"unexpected '{c}'");
            case ')' or ']' or '}' when _open.Pop() is var expected && expected != c:
                throw source.Fail(start, $"unexpected '{c}', expected '{expected}'");
        }
    }
}

using System.Text;
using XLLM.Silo.Templates.Values;

namespace XLLM.Silo.Templates.Syntax;

/// <content>What operators stand between: literals, names, items, attributes.</content>
internal sealed partial class Parser
{
    private Expression ParsePrimary(bool withNamespace)
    {
        var line = Line;
        var token = Current;
        switch (token.Kind)
        {
            case TokenKind.Name:
                Next();
                return ParseName(line, token.Text, withNamespace);
            case TokenKind.Text:
                return new ConstantExpression(line, new TextValue(ParseText()));
            case TokenKind.Integer or TokenKind.Float:
                return new ConstantExpression(line, Next().Value!);
            case TokenKind.LeftParenthesis:
                Next();
                var inner = Nested(() => ParseTuple(inParentheses: true));
                Expect(TokenKind.RightParenthesis);
                return inner;
            case TokenKind.LeftBracket:
                return ParseList(line);
            case TokenKind.LeftBrace:
                return ParseDictionary(line);
            default:
                throw Fail($"unexpected '{token.Describe()}'");
        }
    }

    /// <summary>Text literals side by side are one.</summary>
    private string ParseText()
    {
        var first = Next().Text;
        if (Current.Kind != TokenKind.Text)
        {
            return first;
        }

        var all = new StringBuilder(first);
        while (Current.Kind == TokenKind.Text)
        {
            all.Append(Next().Text);
        }

        return all.ToString();
    }

    private Expression ParseName(int line, string name, bool withNamespace)
    {
        switch (name)
        {
            case "true" or "True":
                return new ConstantExpression(line, BooleanValue.True);
            case "false" or "False":
                return new ConstantExpression(line, BooleanValue.False);
            case "none" or "None":
                return new ConstantExpression(line, NoneValue.Instance);
            default:
                return withNamespace && TrySkip(TokenKind.Dot)
                    ? new NamespaceTarget(line, name, Expect(TokenKind.Name).Text)
                    : new NameExpression(line, name);
        }
    }

    /// <summary>One expression, or several separated by commas, which make a tuple.</summary>
    private Expression ParseTuple(
        bool withConditional = true,
        string? until = null,
        bool simplified = false,
        bool withNamespace = false,
        bool inParentheses = false)
    {
        var line = Line;
        var items = new List<Expression>();
        var isTuple = false;
        while (true)
        {
            if (items.Count > 0)
            {
                Expect(TokenKind.Comma);
            }

            if (Current.Kind is TokenKind.VariableEnd or TokenKind.BlockEnd or TokenKind.RightParenthesis || (until is not null && Current.IsName(until)))
            {
                break;
            }

            items.Add(simplified ? ParsePrimary(withNamespace) : ParseExpression(withConditional));
            if (Current.Kind != TokenKind.Comma)
            {
                break;
            }

            isTuple = true;
        }

        if (!isTuple)
        {
            if (items.Count > 0)
            {
                return items[0];
            }

            // Nothing at all is an empty tuple only inside parentheses.
            if (!inParentheses)
            {
                throw Fail($"Expected an expression, got '{Current.Describe()}'");
            }
        }

        return new TupleExpression(line, items);
    }

    private ListExpression ParseList(int line)
    {
        Expect(TokenKind.LeftBracket);
        var items = new List<Expression>();
        while (Current.Kind != TokenKind.RightBracket)
        {
            if (items.Count > 0)
            {
                Expect(TokenKind.Comma);
                if (Current.Kind == TokenKind.RightBracket)
                {
                    break;
                }
            }

            items.Add(ParseExpression());
        }

        Expect(TokenKind.RightBracket);
        return new ListExpression(line, items);
    }

    private DictionaryExpression ParseDictionary(int line)
    {
        Expect(TokenKind.LeftBrace);
        var items = new List<(Expression, Expression)>();
        while (Current.Kind != TokenKind.RightBrace)
        {
            if (items.Count > 0)
            {
                Expect(TokenKind.Comma);
                if (Current.Kind == TokenKind.RightBrace)
                {
                    break;
                }
            }

            var key = ParseExpression();
            Expect(TokenKind.Colon);
            items.Add((key, ParseExpression()));
        }

        Expect(TokenKind.RightBrace);
        return new DictionaryExpression(line, items);
    }

    private Expression ParsePostfix(Expression node)
    {
        while (true)
        {
            switch (Current.Kind)
            {
                case TokenKind.Dot:
                    node = ParseDot(node);
                    break;
                case TokenKind.LeftBracket:
                    node = ParseSubscript(node);
                    break;
                case TokenKind.LeftParenthesis:
                    node = new CallExpression(Line, node, ParseArguments());
                    break;
                default:
                    return node;
            }
        }
    }

    private Expression ParseDot(Expression node)
    {
        var line = Line;
        Next();
        return Current.Kind switch
        {
            TokenKind.Name => new AttributeExpression(line, node, Next().Text),
            TokenKind.Integer => new ItemExpression(line, node, new ConstantExpression(line, Next().Value!)),
            _ => throw Fail("expected name or number"),
        };
    }

    private Expression ParseSubscript(Expression node)
    {
        var line = Line;
        Expect(TokenKind.LeftBracket);
        var items = new List<Expression>();
        while (Current.Kind != TokenKind.RightBracket)
        {
            if (items.Count > 0)
            {
                Expect(TokenKind.Comma);
            }

            if (TryParseSlice(line, node, out var slice, out var item))
            {
                if (items.Count > 0 || Current.Kind != TokenKind.RightBracket)
                {
                    throw Fail("a slice cannot be one of several subscripts");
                }

                Next();
                return slice!;
            }

            items.Add(item!);
        }

        Expect(TokenKind.RightBracket);
        return new ItemExpression(line, node, items.Count == 1 ? items[0] : new TupleExpression(line, items));
    }

    private bool TryParseSlice(int line, Expression node, out Expression? slice, out Expression? item)
    {
        (slice, item) = (null, null);
        Expression? start = null;
        if (Current.Kind != TokenKind.Colon)
        {
            start = ParseExpression();
            if (Current.Kind != TokenKind.Colon)
            {
                item = start;
                return false;
            }
        }

        Next();
        var stop = SliceBound();
        var step = TrySkip(TokenKind.Colon) ? SliceBound() : null;
        slice = new SliceExpression(line, node, start, stop, step);
        return true;
    }

    private Expression? SliceBound() => Current.Kind is TokenKind.Colon or TokenKind.RightBracket or TokenKind.Comma ? null : ParseExpression();
}

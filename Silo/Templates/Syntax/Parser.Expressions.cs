using System.Text;
using XLLM.Silo.Templates.Values;

namespace XLLM.Silo.Templates.Syntax;

/// <content>Expressions, loosest binding first.</content>
internal sealed partial class Parser
{
    private Expression ParseExpression(bool withConditional = true) => Nested<Expression>(withConditional ? ParseConditional : ParseOr);

    private Expression ParseConditional()
    {
        var line = Line;
        var result = ParseOr();
        while (TrySkipName("if"))
        {
            var test = ParseOr();
            var otherwise = TrySkipName("else") ? Nested(ParseConditional) : null;
            result = new ConditionalExpression(line, test, result, otherwise);
            line = Line;
        }

        return result;
    }

    private Expression ParseOr()
    {
        var line = Line;
        var left = ParseAnd();
        while (TrySkipName("or"))
        {
            left = new LogicExpression(line, isAnd: false, left, ParseAnd());
        }

        return left;
    }

    private Expression ParseAnd()
    {
        var line = Line;
        var left = ParseNot();
        while (TrySkipName("and"))
        {
            left = new LogicExpression(line, isAnd: true, left, ParseNot());
        }

        return left;
    }

    private Expression ParseNot()
    {
        var line = Line;
        return TrySkipName("not") ? new NotExpression(line, Nested(ParseNot)) : ParseCompare();
    }

    private Expression ParseCompare()
    {
        var line = Line;
        var first = ParseSum();
        var links = new List<(Comparison, Expression)>();
        while (TryComparison(out var comparison))
        {
            links.Add((comparison, ParseSum()));
        }

        return links.Count == 0 ? first : new CompareExpression(line, first, links);
    }

    private bool TryComparison(out Comparison comparison)
    {
        (var found, comparison) = Current.Kind switch
        {
            TokenKind.Equal => (1, Comparison.Equal),
            TokenKind.NotEqual => (1, Comparison.NotEqual),
            TokenKind.Less => (1, Comparison.Less),
            TokenKind.LessOrEqual => (1, Comparison.LessOrEqual),
            TokenKind.Greater => (1, Comparison.Greater),
            TokenKind.GreaterOrEqual => (1, Comparison.GreaterOrEqual),
            TokenKind.Name when Current.Text == "in" => (1, Comparison.In),
            TokenKind.Name when Current.Text == "not" && Ahead.IsName("in") => (2, Comparison.NotIn),
            _ => (0, default),
        };
        for (var i = 0; i < found; i++)
        {
            Next();
        }

        return found > 0;
    }

    private Expression ParseSum()
    {
        var line = Line;
        var left = ParseConcatenation();
        while (Current.Kind is TokenKind.Add or TokenKind.Subtract)
        {
            left = new BinaryExpression(line, Next().Kind, left, ParseConcatenation());
        }

        return left;
    }

    private Expression ParseConcatenation()
    {
        var line = Line;
        var first = ParseProduct();
        if (Current.Kind != TokenKind.Tilde)
        {
            return first;
        }

        var items = new List<Expression> { first };
        while (TrySkip(TokenKind.Tilde))
        {
            items.Add(ParseProduct());
        }

        return new ConcatenationExpression(line, items);
    }

    private Expression ParseProduct()
    {
        var line = Line;
        var left = ParsePower();
        while (Current.Kind is TokenKind.Multiply or TokenKind.Divide or TokenKind.FloorDivide or TokenKind.Modulo)
        {
            left = new BinaryExpression(line, Next().Kind, left, ParsePower());
        }

        return left;
    }

    // Unlike Python's, Jinja2's power groups to the left and binds looser than a sign.
    private Expression ParsePower()
    {
        var line = Line;
        var left = ParseUnary();
        while (TrySkip(TokenKind.Power))
        {
            left = new BinaryExpression(line, TokenKind.Power, left, ParseUnary());
        }

        return left;
    }

    private Expression ParseUnary() => ParseUnary(withFilter: true);

    private Expression ParseUnary(bool withFilter)
    {
        var line = Line;
        var node = Current.Kind is TokenKind.Subtract or TokenKind.Add
            ? new UnaryExpression(line, Next().Kind == TokenKind.Subtract, Nested(() => ParseUnary(withFilter: false)))
            : ParsePrimary(withNamespace: false);
        node = ParsePostfix(node);
        return withFilter ? ParseFiltersAndTests(node) : node;
    }

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

    private CallArguments ParseArguments()
    {
        var open = Expect(TokenKind.LeftParenthesis);
        var positional = new List<Expression>();
        var keywords = new List<(string Name, Expression Value)>();
        var names = new HashSet<string>();
        Expression? morePositional = null;
        Expression? moreKeywords = null;
        while (Current.Kind != TokenKind.RightParenthesis)
        {
            if (positional.Count + keywords.Count > 0 || morePositional is not null || moreKeywords is not null)
            {
                Expect(TokenKind.Comma);
                if (Current.Kind == TokenKind.RightParenthesis)
                {
                    break;
                }
            }

            if (TrySkip(TokenKind.Multiply))
            {
                Ensure(morePositional is null && moreKeywords is null);
                morePositional = ParseExpression();
            }
            else if (TrySkip(TokenKind.Power))
            {
                Ensure(moreKeywords is null);
                moreKeywords = ParseExpression();
            }
            else if (Current.Kind == TokenKind.Name && Ahead.Kind == TokenKind.Assign)
            {
                Ensure(moreKeywords is null);
                var name = Next().Text;
                Next();
                Ensure(names.Add(name));
                keywords.Add((name, ParseExpression()));
            }
            else
            {
                Ensure(morePositional is null && moreKeywords is null && keywords.Count == 0);
                positional.Add(ParseExpression());
            }
        }

        Expect(TokenKind.RightParenthesis);
        return new CallArguments(positional, keywords, morePositional, moreKeywords);

        void Ensure(bool isValid)
        {
            if (!isValid)
            {
                throw _source.Fail(open.Position, "invalid syntax for function call expression");
            }
        }
    }

    private Expression ParseFiltersAndTests(Expression node)
    {
        while (true)
        {
            if (TrySkip(TokenKind.Pipe))
            {
                node = ParseFilter(node);
            }
            else if (Current.IsName("is"))
            {
                node = ParseTest(node);
            }
            else if (Current.Kind == TokenKind.LeftParenthesis)
            {
                node = new CallExpression(Line, node, ParseArguments());
            }
            else
            {
                return node;
            }
        }
    }

    private FilterExpression ParseFilters(FilterExpression filter)
    {
        while (TrySkip(TokenKind.Pipe))
        {
            filter = ParseFilter(filter);
        }

        return filter;
    }

    private FilterExpression ParseFilter(Expression? node)
    {
        var line = Line;
        var name = ParseDottedName();
        var arguments = Current.Kind == TokenKind.LeftParenthesis ? ParseArguments() : CallArguments.None;
        return new FilterExpression(line, node, name, arguments);
    }

    private string ParseDottedName()
    {
        var name = Expect(TokenKind.Name).Text;
        while (TrySkip(TokenKind.Dot))
        {
            name += "." + Expect(TokenKind.Name).Text;
        }

        return name;
    }

    private Expression ParseTest(Expression node)
    {
        var line = Line;
        Next();
        var isNegated = TrySkipName("not");
        var name = ParseDottedName();
        var arguments = CallArguments.None;
        if (Current.Kind == TokenKind.LeftParenthesis)
        {
            arguments = ParseArguments();
        }
        else if (Current.Kind is TokenKind.Name or TokenKind.Text or TokenKind.Integer or TokenKind.Float or TokenKind.LeftBracket or TokenKind.LeftBrace
            && !Current.IsName("else") && !Current.IsName("or") && !Current.IsName("and"))
        {
            if (Current.IsName("is"))
            {
                throw Fail("You cannot chain multiple tests with is");
            }

            arguments = CallArguments.Of(ParsePostfix(ParsePrimary(withNamespace: false)));
        }

        Expression test = new TestExpression(line, node, name, arguments);
        return isNegated ? new NotExpression(line, test) : test;
    }
}

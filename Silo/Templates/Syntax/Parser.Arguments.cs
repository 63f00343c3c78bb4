namespace XLLM.Silo.Templates.Syntax;

/// <content>Calls, filters and tests.</content>
internal sealed partial class Parser
{
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

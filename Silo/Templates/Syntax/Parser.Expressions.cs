namespace XLLM.Silo.Templates.Syntax;

/// <content>Operators, loosest binding first.</content>
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
}

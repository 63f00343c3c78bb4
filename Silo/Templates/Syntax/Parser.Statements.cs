namespace XLLM.Silo.Templates.Syntax;

/// <content>Statements.</content>
internal sealed partial class Parser
{
    private Statement ParseStatement()
    {
        var tag = Current.Kind == TokenKind.Name ? Current.Text : throw Fail("tag name expected");
        var parse = StatementParser(tag) ?? throw FailEnd(tag);
        _tags.Push(tag);
        var line = Line;
        Next();
        var statement = parse(line);
        _tags.Pop();
        return statement;
    }

    private Func<int, Statement>? StatementParser(string tag) => tag switch
    {
        "for" => ParseFor,
        "if" => ParseIf,
        "block" => ParseBlock,
        "extends" or "include" or "import" or "from" => line => ParseLoader(line, tag),
        "print" => ParsePrint,
        "macro" => ParseMacro,
        "set" => ParseSet,
        "with" => ParseWith,
        "autoescape" => line => new AutoEscapeStatement(line, ParseExpression(), ParseStatementsThrough("endautoescape")),
        "call" => ParseCallBlock,
        "filter" => ParseFilterBlock,
        "generation" => line => new GenerationStatement(line, new MacroSignature([], [], ParseStatementsThrough("endgeneration"))),
        "break" => line => new LoopControlStatement(line, Flow.Break),
        "continue" => line => new LoopControlStatement(line, Flow.Continue),
        _ => null,
    };

    private ForStatement ParseFor(int line)
    {
        var target = ParseTarget(until: "in");
        ExpectName("in");
        var items = ParseTuple(withConditional: false, until: "recursive");
        var test = TrySkipName("if") ? ParseExpression() : null;
        var isRecursive = TrySkipName("recursive");
        var body = ParseStatements("endfor", "else");
        var otherwise = Next().Text == "else" ? ParseStatementsThrough("endfor") : Body.Empty;
        return new ForStatement(line, target, items, test, isRecursive, body, otherwise);
    }

    private IfStatement ParseIf(int line)
    {
        var test = ParseTuple(withConditional: false);
        var body = ParseStatements("elif", "else", "endif");
        var elseIfs = new List<IfStatement>();
        while (true)
        {
            var branchLine = Line;
            var tag = Next().Text;
            if (tag == "elif")
            {
                var branchTest = ParseTuple(withConditional: false);
                elseIfs.Add(new IfStatement(branchLine, branchTest, ParseStatements("elif", "else", "endif"), [], Body.Empty));
                continue;
            }

            var otherwise = tag == "else" ? ParseStatementsThrough("endif") : Body.Empty;
            return new IfStatement(line, test, body, elseIfs, otherwise);
        }
    }

    private BlockStatement ParseBlock(int line)
    {
        var name = Expect(TokenKind.Name).Text;
        var isScoped = TrySkipName("scoped");
        var isRequired = TrySkipName("required");
        if (Current.Kind == TokenKind.Subtract)
        {
            throw Fail("Block names in Jinja have to be valid Python identifiers and may not contain hyphens, use an underscore instead.");
        }

        var body = ParseStatementsThrough("endblock");
        if (isRequired && body.Statements.Any(statement => statement is not DataStatement data || !string.IsNullOrWhiteSpace(data.Text)))
        {
            throw Fail("Required blocks can only contain comments or whitespace");
        }

        TrySkipName(name);
        return new BlockStatement(line, name, isScoped, isRequired, body);
    }

    private LoaderStatement ParseLoader(int line, string tag)
    {
        var template = ParseExpression();
        var names = new List<string>();
        switch (tag)
        {
            case "include" when Current.IsName("ignore") && Ahead.IsName("missing"):
                Next();
                Next();
                break;
            case "import":
                ExpectName("as");
                names.Add(ParseNameTarget().Name);
                break;
            case "from":
                ExpectName("import");
                ParseImportedNames(names);
                break;
        }

        if (tag != "extends")
        {
            TrySkipContext();
        }

        return new LoaderStatement(line, tag, template, names);
    }

    private bool TrySkipContext()
    {
        if ((Current.IsName("with") || Current.IsName("without")) && Ahead.IsName("context"))
        {
            Next();
            Next();
            return true;
        }

        return false;
    }

    private void ParseImportedNames(List<string> names)
    {
        do
        {
            if (names.Count > 0 && TrySkipContext())
            {
                return;
            }

            var name = ParseNameTarget().Name;
            if (name.StartsWith('_'))
            {
                throw Fail("names starting with an underline can not be imported");
            }

            names.Add(TrySkipName("as") ? ParseNameTarget().Name : name);
        }
        while (TrySkip(TokenKind.Comma));
    }

    private PrintManyStatement ParsePrint(int line)
    {
        var values = new List<Expression>();
        while (Current.Kind != TokenKind.BlockEnd)
        {
            if (values.Count > 0)
            {
                Expect(TokenKind.Comma);
            }

            values.Add(ParseExpression());
        }

        return new PrintManyStatement(line, values);
    }

    private MacroStatement ParseMacro(int line)
    {
        var name = ParseNameTarget().Name;
        var (parameters, defaults) = ParseParameters();
        return new MacroStatement(line, name, new MacroSignature(parameters, defaults, ParseStatementsThrough("endmacro")));
    }

    private CallBlockStatement ParseCallBlock(int line)
    {
        var (parameters, defaults) = Current.Kind == TokenKind.LeftParenthesis ? ParseParameters() : ([], []);
        var start = Current.Position;
        var call = ParseExpression() as CallExpression ?? throw _source.Fail(start, "expected call");
        return new CallBlockStatement(line, call, new MacroSignature(parameters, defaults, ParseStatementsThrough("endcall")));
    }

    private (List<NameExpression> Parameters, List<Expression> Defaults) ParseParameters()
    {
        var parameters = new List<NameExpression>();
        var defaults = new List<Expression>();
        var names = new HashSet<string>();
        Expect(TokenKind.LeftParenthesis);
        while (Current.Kind != TokenKind.RightParenthesis)
        {
            if (parameters.Count > 0)
            {
                Expect(TokenKind.Comma);
            }

            var parameter = ParseNameTarget();
            if (!names.Add(parameter.Name))
            {
                throw Fail($"duplicate argument '{parameter.Name}' in function definition");
            }

            parameter.Use = NameUse.Parameter;
            if (TrySkip(TokenKind.Assign))
            {
                defaults.Add(ParseExpression());
            }
            else if (defaults.Count > 0)
            {
                throw Fail("non-default argument follows default argument");
            }

            parameters.Add(parameter);
        }

        Expect(TokenKind.RightParenthesis);
        return (parameters, defaults);
    }

    private FilterBlockStatement ParseFilterBlock(int line)
    {
        var filter = ParseFilters(ParseFilter(null));
        return new FilterBlockStatement(line, ParseStatementsThrough("endfilter"), filter);
    }

    private Statement ParseSet(int line)
    {
        var target = ParseTarget(withNamespace: true);
        if (TrySkip(TokenKind.Assign))
        {
            return new SetStatement(line, target, ParseTuple());
        }

        FilterExpression? filter = null;
        while (TrySkip(TokenKind.Pipe))
        {
            filter = ParseFilter(filter);
        }

        return new SetBlockStatement(line, target, filter, ParseStatementsThrough("endset"));
    }

    private WithStatement ParseWith(int line)
    {
        var variables = new List<(Expression, Expression)>();
        while (Current.Kind != TokenKind.BlockEnd)
        {
            if (variables.Count > 0)
            {
                Expect(TokenKind.Comma);
            }

            var target = ParseTarget(use: NameUse.Parameter);
            Expect(TokenKind.Assign);
            variables.Add((target, ParseExpression()));
        }

        return new WithStatement(line, variables, ParseStatementsThrough("endwith"));
    }

    private NameExpression ParseNameTarget()
    {
        var line = Line;
        var token = Expect(TokenKind.Name);
        return token.Text is "true" or "false" or "none" or "True" or "False" or "None"
            ? throw _source.Fail(token.Position, $"can't assign to '{token.Text}'")
            : new NameExpression(line, token.Text, NameUse.Store);
    }

    private Expression ParseTarget(string? until = null, bool withNamespace = false, NameUse use = NameUse.Store)
    {
        var start = Current.Position;
        var target = ParseTuple(until: until, simplified: true, withNamespace: withNamespace);
        if (!target.CanAssign)
        {
            throw _source.Fail(start, $"can't assign to '{target.Kind}'");
        }

        Mark(target, use);
        return target;
    }

    private static void Mark(Expression target, NameUse use)
    {
        if (target is NameExpression name)
        {
            name.Use = use;
        }
        else if (target is TupleExpression tuple)
        {
            foreach (var item in tuple.Items)
            {
                Mark(item, use);
            }
        }
    }
}

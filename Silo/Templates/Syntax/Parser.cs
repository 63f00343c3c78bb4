using System.Runtime.CompilerServices;
namespace XLLM.Silo.Templates.Syntax;

/// <summary>Tokens to syntax tree. Grammar: Jinja2 3.1 <c>parser.py</c>, with the loop controls and the <c>generation</c> tag.</summary>
internal sealed partial class Parser
{
    private readonly TemplateSource _source;
    private readonly List<Token> _tokens;
    private readonly int _maxDepth;
    private readonly Stack<string> _tags = new();
    private readonly Stack<string[]> _ends = new();
    private int _index;
    private int _depth;

    public Parser(TemplateSource source, ChatTemplateLimits limits)
    {
        _source = source;
        _tokens = new Lexer(source).Tokenize();
        _maxDepth = limits.MaxSyntaxDepth;
    }

    private Token Current => _tokens[_index];

    private Token Ahead => _tokens[Math.Min(_index + 1, _tokens.Count - 1)];

    private int Line => _source.Line(Current.Position);

    /// <summary>Parses the whole template.</summary>
    /// <exception cref="ChatTemplateException">A syntax error; the message has line and column.</exception>
    public Body Parse() => ParseBody([]);

    private ChatTemplateException Fail(string message) => _source.Fail(Current.Position, message);

    private Token Next()
    {
        var token = Current;
        if (token.Kind != TokenKind.End)
        {
            _index++;
        }

        return token;
    }

    private bool TrySkip(TokenKind kind)
    {
        if (Current.Kind != kind)
        {
            return false;
        }

        Next();
        return true;
    }

    private bool TrySkipName(string name)
    {
        if (!Current.IsName(name))
        {
            return false;
        }

        Next();
        return true;
    }

    private Token Expect(TokenKind kind) => Current.Kind == kind ? Next() : throw Unexpected(Token.Describe(kind));

    private Token ExpectName(string name) => Current.IsName(name) ? Next() : throw Unexpected(name);

    private ChatTemplateException Unexpected(string expected) => Current.Kind == TokenKind.End
        ? Fail($"unexpected end of template, expected '{expected}'.")
        : Fail($"expected token '{expected}', got '{Current.Describe()}'");

    /// <summary>Parses something that may contain itself; the depth is bounded, since every level takes stack.</summary>
    private T Nested<T>(Func<T> parse)
    {
        if (++_depth > _maxDepth)
        {
            throw Fail($"the template nests more than {_maxDepth} levels deep");
        }

        RuntimeHelpers.EnsureSufficientExecutionStack();
        var result = parse();
        _depth--;
        return result;
    }

    /// <summary>Statements up to one of the end tags, which stays the current token; with none, up to the end of the template.</summary>
    private Body ParseBody(string[] ends)
    {
        var statements = new List<Statement>();
        if (ends.Length > 0)
        {
            _ends.Push(ends);
        }

        while (Current.Kind != TokenKind.End)
        {
            var line = Line;
            switch (Current.Kind)
            {
                case TokenKind.Data:
                    statements.Add(new DataStatement(line, Next().Text));
                    break;
                case TokenKind.VariableBegin:
                    Next();
                    statements.Add(new PrintStatement(line, ParseTuple()));
                    Expect(TokenKind.VariableEnd);
                    break;
                default:
                    Expect(TokenKind.BlockBegin);
                    if (Current.Kind == TokenKind.Name && Array.IndexOf(ends, Current.Text) >= 0)
                    {
                        _ends.Pop();
                        return new Body(statements);
                    }

                    statements.Add(Nested(ParseStatement));
                    Expect(TokenKind.BlockEnd);
                    break;
            }
        }

        return ends.Length == 0 ? new Body(statements) : throw FailEnd(null);
    }

    /// <summary>The rest of a tag, then statements up to one of the end tags, which becomes the current token.</summary>
    private Body ParseStatements(params string[] ends)
    {
        // A colon may end a tag, as in Python.
        TrySkip(TokenKind.Colon);
        Expect(TokenKind.BlockEnd);
        return ParseBody(ends);
    }

    private Body ParseStatementsThrough(string end)
    {
        var body = ParseStatements(end);
        Next();
        return body;
    }

    private ChatTemplateException FailEnd(string? unknownTag)
    {
        var message = unknownTag is null ? "Unexpected end of template." : $"Encountered unknown tag '{unknownTag}'.";
        if (_ends.TryPeek(out var wanted))
        {
            var looking = string.Join(" or ", wanted.Select(tag => $"'{tag}'"));
            message += unknownTag is not null && _ends.Any(ends => ends.Contains(unknownTag))
                ? $" You probably made a nesting mistake. Jinja is expecting this tag, but currently looking for {looking}."
                : $" Jinja was looking for the following tags: {looking}.";
        }

        if (_tags.TryPeek(out var innermost))
        {
            message += $" The innermost block that needs to be closed is '{innermost}'.";
        }

        return Fail(message);
    }
}

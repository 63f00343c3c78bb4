using XLLM.Silo.Templates.Evaluation;
using XLLM.Silo.Templates.Values;

namespace XLLM.Silo.Templates.Syntax;

/// <summary>The arguments of a call, a filter or a test as written.</summary>
internal sealed class CallArguments(
    IReadOnlyList<Expression> positional,
    IReadOnlyList<(string Name, Expression Value)> keywords,
    Expression? morePositional,
    Expression? moreKeywords)
{
    public static CallArguments None { get; } = new([], [], null, null);

    public IEnumerable<Node> Children =>
        [.. positional, .. keywords.Select(keyword => keyword.Value), .. new[] { morePositional, moreKeywords }.OfType<Node>()];

    public static CallArguments Of(Expression argument) => new([argument], [], null, null);

    public Arguments Evaluate(RenderContext context, Scope scope)
    {
        if (positional.Count == 0 && keywords.Count == 0 && morePositional is null && moreKeywords is null)
        {
            return Arguments.None;
        }

        var values = new List<Value>(positional.Count);
        foreach (var argument in positional)
        {
            values.Add(argument.Evaluate(context, scope));
        }

        var named = new List<KeyValuePair<string, Value>>(keywords.Count);
        foreach (var (name, value) in keywords)
        {
            named.Add(new(name, value.Evaluate(context, scope)));
        }

        if (morePositional is not null)
        {
            values.AddRange(context.Collect(morePositional.Evaluate(context, scope)));
        }

        if (moreKeywords is not null)
        {
            AddKeywords(moreKeywords.Evaluate(context, scope), named);
        }

        return new Arguments(values, named);
    }

    private static void AddKeywords(Value more, List<KeyValuePair<string, Value>> named)
    {
        if (more is not DictionaryValue dictionary)
        {
            throw new TemplateFault($"argument after ** must be a mapping, not {more.TypeName}");
        }

        foreach (var (key, value) in dictionary.Items)
        {
            if (key is not TextValue name)
            {
                throw new TemplateFault("keywords must be strings");
            }

            if (named.Exists(keyword => keyword.Key == name.Text))
            {
                throw new TemplateFault($"got multiple values for keyword argument '{name.Text}'");
            }

            named.Add(new(name.Text, value));
        }
    }
}

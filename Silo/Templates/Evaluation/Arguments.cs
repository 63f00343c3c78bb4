using XLLM.Silo.Templates.Values;

namespace XLLM.Silo.Templates.Evaluation;

/// <summary>Evaluated arguments.</summary>
internal sealed class Arguments(IReadOnlyList<Value> positional, IReadOnlyList<KeyValuePair<string, Value>> keywords)
{
    public static Arguments None { get; } = new([], []);

    public IReadOnlyList<Value> Positional { get; } = positional;

    public IReadOnlyList<KeyValuePair<string, Value>> Keywords { get; } = keywords;

    public static Arguments Of(params Value[] positional) => new(positional, []);

    public Arguments With(string keyword, Value value)
    {
        return Keywords.Any(other => other.Key == keyword)
            ? throw new TemplateFault($"got multiple values for keyword argument '{keyword}'")
            : new Arguments(Positional, [.. Keywords, new(keyword, value)]);
    }

    public Arguments Skip(int count) => new([.. Positional.Skip(count)], Keywords);

    /// <summary>The arguments in the order of a function's parameters; null for those that were left out.</summary>
    /// <param name="function">For messages.</param>
    /// <param name="required">How many of the parameters have no default.</param>
    /// <param name="parameters">All parameters' names.</param>
    public Value?[] Bind(string function, int required, params ReadOnlySpan<string> parameters)
    {
        if (Positional.Count > parameters.Length)
        {
            throw new TemplateFault($"{function}() takes at most {parameters.Length} arguments ({Positional.Count} given)");
        }

        var bound = new Value?[parameters.Length];
        for (var i = 0; i < Positional.Count; i++)
        {
            bound[i] = Positional[i];
        }

        foreach (var (name, value) in Keywords)
        {
            var index = parameters.IndexOf(name);
            if (index < 0)
            {
                throw new TemplateFault($"{function}() got an unexpected keyword argument '{name}'");
            }

            if (bound[index] is not null)
            {
                throw new TemplateFault($"{function}() got multiple values for argument '{name}'");
            }

            bound[index] = value;
        }

        for (var i = 0; i < required; i++)
        {
            if (bound[i] is null)
            {
                throw new TemplateFault($"{function}() missing required argument: '{parameters[i]}'");
            }
        }

        return bound;
    }

    /// <summary>The arguments of a function that takes none by keyword; null for those that were left out.</summary>
    public Value?[] BindPositional(string function, int least, int most)
    {
        if (Keywords.Count > 0)
        {
            throw new TemplateFault($"{function}() takes no keyword arguments");
        }

        if (Positional.Count < least || Positional.Count > most)
        {
            throw new TemplateFault(least == most
                ? $"{function}() takes exactly {least} argument{(least == 1 ? "" : "s")} ({Positional.Count} given)"
                : $"{function}() takes {least} to {most} arguments ({Positional.Count} given)");
        }

        var bound = new Value?[most];
        for (var i = 0; i < Positional.Count; i++)
        {
            bound[i] = Positional[i];
        }

        return bound;
    }
}

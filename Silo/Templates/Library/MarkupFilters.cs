using System.Buffers;
using XLLM.Silo.Templates.Evaluation;
using XLLM.Silo.Templates.Strings;
using XLLM.Silo.Templates.Values;

namespace XLLM.Silo.Templates.Library;

/// <summary>Filters for HTML.</summary>
internal static class MarkupFilters
{
    private static readonly SearchValues<char> ForbiddenInNames = SearchValues.Create(" \t\n\r\f\v/>=");

    public static Dictionary<string, Func<RenderContext, Value, Arguments, Value>> All { get; } = new()
    {
        ["e"] = Escape,
        ["escape"] = Escape,
        ["forceescape"] = (context, value, arguments) =>
        {
            arguments.Bind("forceescape", 0);
            return new TextValue(Markup.Escape(context, context.Text(value)), isMarkup: true);
        },
        ["safe"] = (context, value, arguments) =>
        {
            arguments.Bind("safe", 0);
            return new TextValue(context.Text(value), isMarkup: true);
        },
        ["striptags"] = (context, value, arguments) =>
        {
            arguments.Bind("striptags", 0);
            return new TextValue(Markup.StripTags(context, context.Text(value)));
        },
        ["xmlattr"] = Attributes,
    };

    private static TextValue Escape(RenderContext context, Value value, Arguments arguments)
    {
        arguments.BindPositional("escape", 0, 0);
        return new TextValue(Markup.Escape(context, value), isMarkup: true);
    }

    private static TextValue Attributes(RenderContext context, Value value, Arguments arguments)
    {
        var autoSpace = arguments.Bind("xmlattr", 0, "autospace")[0]?.IsTrue ?? true;
        var dictionary = value as DictionaryValue
            ?? throw (value is UndefinedValue undefined ? undefined.Fail() : new TemplateFault($"'{value.TypeName}' object has no attribute 'items'"));
        var result = new TextBuilder(context);
        foreach (var (key, item) in dictionary.Items)
        {
            if (item is NoneValue or UndefinedValue)
            {
                continue;
            }

            var name = key as TextValue ?? throw new TemplateFault($"expected string or bytes-like object, got '{key.TypeName}'");
            if (name.Text.AsSpan().ContainsAny(ForbiddenInNames))
            {
                throw new TemplateFault($"Invalid character in attribute name: {Characters.Quote(name.Text)}");
            }

            result.Append(result.Length > 0 || autoSpace ? " " : "");
            result.Append($"{Markup.Escape(context, key)}=\"{Markup.Escape(context, item)}\"");
        }

        return new TextValue(result.ToString(), context.AutoEscape);
    }
}

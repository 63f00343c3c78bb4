using System.Globalization;
using System.Text;
using XLLM.Silo.Templates.Evaluation;
using XLLM.Silo.Templates.Strings;
using XLLM.Silo.Templates.Values;

namespace XLLM.Silo.Templates.Library;

/// <summary>Filters on texts.</summary>
internal static class TextFilters
{
    public static Dictionary<string, Func<RenderContext, Value, Arguments, Value>> All { get; } = new()
    {
        ["upper"] = Map("upper", CaseMapping.Upper),
        ["lower"] = Map("lower", CaseMapping.Lower),
        ["capitalize"] = Map("capitalize", CaseMapping.Capitalize),
        ["title"] = Map("title", Title),
        ["string"] = (context, value, arguments) =>
        {
            arguments.BindPositional("string", 0, 0);
            return FilterText.Soft(context, value);
        },
        ["trim"] = Trim,
        ["replace"] = Replace,
        ["center"] = Center,
        ["indent"] = Indent,
        ["truncate"] = Truncate,
        ["wordcount"] = WordCount,
        ["format"] = Format,
        ["urlencode"] = UrlEncode,
    };

    private static Func<RenderContext, Value, Arguments, Value> Map(string name, Func<string, string> map) => (context, value, arguments) =>
    {
        arguments.Bind(name, 0);
        var text = FilterText.Soft(context, value);
        context.AllocateText(text.Text.Length);
        return new TextValue(map(text.Text), text.IsMarkup && name != "title");
    };

    /// <summary>Words begin behind white space, hyphens and opening brackets; unlike the method, an apostrophe begins none.</summary>
    private static string Title(string text)
    {
        var result = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length;)
        {
            var start = i;
            while (i < text.Length && !IsBeforeWord(text[i]))
            {
                i++;
            }

            if (i > start)
            {
                var first = char.IsHighSurrogate(text[start]) && start + 1 < i ? 2 : 1;
                result.Append(CaseMapping.Upper(text.Substring(start, first))).Append(CaseMapping.Lower(text[(start + first)..i]));
            }

            while (i < text.Length && IsBeforeWord(text[i]))
            {
                result.Append(text[i++]);
            }
        }

        return result.ToString();
    }

    private static bool IsBeforeWord(char c) => c is '-' or '(' or '{' or '[' or '<' || Characters.IsSpace(c);

    private static TextValue Trim(RenderContext context, Value value, Arguments arguments)
    {
        var characters = arguments.Bind("trim", 0, "chars")[0] switch
        {
            null or NoneValue => null,
            TextValue given => given.Text,
            var other => throw new TemplateFault($"strip arg must be None or str, not {other.TypeName}"),
        };
        var text = FilterText.Soft(context, value);
        context.AllocateText(text.Text.Length);
        return new TextValue(TextMethods.Strip(context, text.Text, characters, true, true), text.IsMarkup);
    }

    private static TextValue Replace(RenderContext context, Value value, Arguments arguments)
    {
        var bound = arguments.Bind("replace", 2, "old", "new", "count");
        var most = bound[2] is null or NoneValue ? -1 : IntegerValue.Count(bound[2]!);
        if (!context.AutoEscape)
        {
            return new TextValue(TextMethods.Replace(context, context.Text(value), context.Text(bound[0]!), context.Text(bound[1]!), most));
        }

        var isMarkup = value is TextValue { IsMarkup: true };
        var escape = bound[0] is TextValue { IsMarkup: true } || (bound[1] is TextValue { IsMarkup: true } && !isMarkup);
        var text = escape ? Markup.Escape(context, value) : context.Text(value);
        var replacement = escape || isMarkup ? Markup.Escape(context, bound[1]!) : context.Text(bound[1]!);
        return new TextValue(TextMethods.Replace(context, text, context.Text(bound[0]!), replacement, most), escape || isMarkup);
    }

    private static TextValue Center(RenderContext context, Value value, Arguments arguments)
    {
        var width = arguments.Bind("center", 0, "width")[0];
        var text = FilterText.Soft(context, value);
        return new TextValue(TextMethods.Justify(context, text, width is null ? 80 : IntegerValue.Count(width), " ", "center"), text.IsMarkup);
    }

    private static TextValue Indent(RenderContext context, Value value, Arguments arguments)
    {
        var bound = arguments.Bind("indent", 0, "width", "first", "blank");
        if (value is not TextValue text)
        {
            throw value is UndefinedValue undefined ? undefined.Fail() : new TemplateFault($"unsupported operand type(s) for +=: '{value.TypeName}' and 'str'");
        }

        string indentation;
        if (bound[0] is TextValue given)
        {
            indentation = text.IsMarkup ? Markup.Escape(context, given) : given.Text;
        }
        else
        {
            var width = bound[0] is null ? 4 : Math.Max(0, IntegerValue.Count(bound[0]!));
            context.CheckTextLength(width);
            indentation = new string(' ', width);
        }

        var (indentFirst, indentBlank) = (bound[1]?.IsTrue ?? false, bound[2]?.IsTrue ?? false);
        var result = new TextBuilder(context);
        var isFirst = true;
        foreach (var line in Characters.SplitLines(text.Text + "\n", keepBreaks: false))
        {
            result.Append(isFirst ? "" : "\n");
            result.Append(isFirst ? (indentFirst ? indentation : "") : line.Length > 0 || indentBlank ? indentation : "");
            result.Append(line);
            isFirst = false;
        }

        return new TextValue(result.ToString(), text.IsMarkup);
    }

    private static Value Truncate(RenderContext context, Value value, Arguments arguments)
    {
        var bound = arguments.Bind("truncate", 0, "length", "killwords", "end", "leeway");
        var length = bound[0] is null ? 255 : IntegerValue.Count(bound[0]!);
        var end = bound[2] is null ? new TextValue("...") : bound[2] as TextValue ?? throw new TemplateFault("truncate: end must be a string");
        var leeway = bound[3] is null or NoneValue ? 5 : IntegerValue.Count(bound[3]!);
        if (length < end.Length || leeway < 0)
        {
            throw new TemplateFault(leeway < 0 ? $"expected leeway >= 0, got {leeway}" : $"expected length >= {end.Length}, got {length}");
        }

        if (!value.TryGetLength(out var size))
        {
            throw new TemplateFault($"object of type '{value.TypeName}' has no len()");
        }

        if (size <= (long)length + leeway)
        {
            return value;
        }

        if (value is not TextValue text)
        {
            throw new TemplateFault($"truncate: expected a string, not {value.TypeName}");
        }

        var kept = text.Text[..text.Offset(length - end.Length)];
        var space = bound[1]?.IsTrue ?? false ? -1 : kept.LastIndexOf(' ');
        context.AllocateText(kept.Length);
        return Arithmetic.Add(context, new TextValue(space < 0 ? kept : kept[..space], text.IsMarkup), end);
    }

    private static IntegerValue WordCount(RenderContext context, Value value, Arguments arguments)
    {
        arguments.Bind("wordcount", 0);
        var text = FilterText.Soft(context, value).Text;
        context.Work(text.Length * 4L);
        var (count, isInside) = (0, false);
        foreach (var rune in text.EnumerateRunes())
        {
            var isWord = Rune.IsLetterOrDigit(rune) || rune.Value == '_' || Rune.IsNumber(rune);
            count += isWord && !isInside ? 1 : 0;
            isInside = isWord;
        }

        return new IntegerValue(count);
    }

    private static TextValue Format(RenderContext context, Value value, Arguments arguments)
    {
        if (arguments.Positional.Count > 0 && arguments.Keywords.Count > 0)
        {
            throw new TemplateFault("can't handle positional and keyword arguments at the same time");
        }

        Value values = new TupleValue(arguments.Positional);
        if (arguments.Keywords.Count > 0)
        {
            var named = new DictionaryValue(context);
            foreach (var (name, item) in arguments.Keywords)
            {
                named.Set(new TextValue(name), item);
            }

            values = named;
        }

        return Printf.Format(context, FilterText.Soft(context, value), values);
    }

    private static TextValue UrlEncode(RenderContext context, Value value, Arguments arguments)
    {
        arguments.Bind("urlencode", 0);
        var result = new TextBuilder(context);
        if (value is TextValue || !value.IsIterable)
        {
            UrlQuote(result, context.Text(value), isQuery: false);
            return new TextValue(result.ToString());
        }

        var pairs = value is DictionaryValue dictionary
            ? dictionary.Items.Select(item => (item.Key, item.Value))
            : context.Collect(value).Select(item => context.Collect(item) is [var key, var content] ? (key, content) : throw new TemplateFault("urlencode: expected pairs"));
        foreach (var (key, content) in pairs)
        {
            result.Append(result.Length > 0 ? "&" : "");
            UrlQuote(result, context.Text(key), isQuery: true);
            result.Append('=');
            UrlQuote(result, context.Text(content), isQuery: true);
        }

        return new TextValue(result.ToString());
    }

    private static void UrlQuote(TextBuilder result, string text, bool isQuery)
    {
        foreach (var octet in Encoding.UTF8.GetBytes(text))
        {
            var c = (char)octet;
            if (char.IsAsciiLetterOrDigit(c) || c is '_' or '.' or '-' or '~' || (c == '/' && !isQuery))
            {
                result.Append(c);
            }
            else
            {
                result.Append(c == ' ' && isQuery ? "+" : string.Create(CultureInfo.InvariantCulture, $"%{octet:X2}"));
            }
        }
    }
}

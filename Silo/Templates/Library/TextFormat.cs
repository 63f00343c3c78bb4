using System.Globalization;
using System.Text;
using XLLM.Silo.Templates.Evaluation;
using XLLM.Silo.Templates.Strings;
using XLLM.Silo.Templates.Values;

namespace XLLM.Silo.Templates.Library;

/// <summary>Python's <c>"{0} {name!r:&gt;8}".format(...)</c>, where fields reach attributes and items by the sandbox's rules.</summary>
internal sealed class TextFormat(RenderContext context, bool isMarkup, IReadOnlyList<Value> positional, Func<string, Value?> named)
{
    private int? _automatic = 0;

    public static TextValue Format(RenderContext context, TextValue format, Arguments arguments)
    {
        var keywords = new Dictionary<string, Value>(arguments.Keywords);
        var run = new TextFormat(context, format.IsMarkup, arguments.Positional, name => keywords.GetValueOrDefault(name));
        return new TextValue(run.Expand(format.Text, 2), format.IsMarkup);
    }

    public static TextValue FormatMap(RenderContext context, TextValue format, Value mapping)
    {
        var run = new TextFormat(context, format.IsMarkup, [], name => mapping.GetItem(context, new TextValue(name)));
        return new TextValue(run.Expand(format.Text, 2), format.IsMarkup);
    }

    /// <summary>The character of a code; a surrogate stays half a character.</summary>
    public static string Character(int code) => code is >= 0xD800 and <= 0xDFFF ? ((char)code).ToString() : char.ConvertFromUtf32(code);

    /// <summary>With escapes for everything beyond ASCII, as <c>ascii</c>.</summary>
    public static string Ascii(string representation)
    {
        var result = new StringBuilder();
        foreach (var rune in representation.EnumerateRunes())
        {
            _ = rune.Value switch
            {
                < 0x80 => result.Append((char)rune.Value),
                <= 0xFF => result.Append(CultureInfo.InvariantCulture, $"\\x{rune.Value:x2}"),
                <= 0xFFFF => result.Append(CultureInfo.InvariantCulture, $"\\u{rune.Value:x4}"),
                _ => result.Append(CultureInfo.InvariantCulture, $"\\U{rune.Value:x8}"),
            };
        }

        return result.ToString();
    }

    private string Expand(string format, int depth)
    {
        if (depth == 0)
        {
            throw new TemplateFault("Max string recursion exceeded");
        }

        var result = new TextBuilder(context);
        for (var i = 0; i < format.Length; i++)
        {
            var c = format[i];
            if (c is not ('{' or '}'))
            {
                result.Append(c);
            }
            else if (i + 1 < format.Length && format[i + 1] == c)
            {
                result.Append(c);
                i++;
            }
            else if (c == '}')
            {
                throw new TemplateFault("Single '}' encountered in format string");
            }
            else
            {
                i = Field(format, i + 1, depth, result);
            }
        }

        return result.ToString();
    }

    /// <summary>Expands one field; the result is the index of its closing brace.</summary>
    private int Field(string format, int start, int depth, TextBuilder result)
    {
        context.Step();
        var end = NameEnd(format, start);
        var name = format[start..end];
        var conversion = '\0';
        if (format[end] == '!')
        {
            if (end + 2 >= format.Length || format[end + 2] is not (':' or '}'))
            {
                throw new TemplateFault("expected ':' after conversion specifier");
            }

            conversion = format[end + 1];
            end += 2;
        }

        var specification = "";
        if (format[end] == ':')
        {
            var close = SpecificationEnd(format, end + 1);
            var text = format[(end + 1)..close];
            end = close;
            var value = Convert(Find(name), conversion);
            specification = Expand(text, depth - 1);
            Append(result, value, specification);
            return end;
        }

        Append(result, Convert(Find(name), conversion), specification);
        return end;
    }

    private static int NameEnd(string format, int start)
    {
        var isInBrackets = false;
        for (var i = start; i < format.Length; i++)
        {
            switch (format[i])
            {
                case '{':
                    throw new TemplateFault("unexpected '{' in field name");
                case '[':
                    isInBrackets = true;
                    break;
                case ']':
                    isInBrackets = false;
                    break;
                case '}' or ':' or '!' when !isInBrackets:
                    return i;
            }
        }

        throw new TemplateFault(start == format.Length ? "Single '{' encountered in format string" : "expected '}' before end of string");
    }

    private static int SpecificationEnd(string format, int start)
    {
        var depth = 1;
        for (var i = start; i < format.Length; i++)
        {
            depth += format[i] == '{' ? 1 : format[i] == '}' ? -1 : 0;
            if (depth == 0)
            {
                return i;
            }
        }

        throw new TemplateFault("expected '}' before end of string");
    }

    private void Append(TextBuilder result, Value value, string specification)
    {
        if (!isMarkup)
        {
            result.Append(FormatSpecification.Format(context, value, specification));
        }
        else if (value is TextValue { IsMarkup: true })
        {
            result.Append(specification.Length == 0 ? context.Text(value) : throw new TemplateFault("Unsupported format specification for Markup."));
        }
        else
        {
            result.Append(Markup.Escape(context, FormatSpecification.Format(context, value, specification)));
        }
    }

    private Value Convert(Value value, char conversion) => conversion switch
    {
        '\0' => value,
        's' => new TextValue(context.Text(value)),
        'r' => new TextValue(context.Represent(value)),
        'a' => new TextValue(Ascii(context.Represent(value))),
        _ => throw new TemplateFault($"Unknown conversion specifier {conversion}"),
    };

    private Value Find(string field)
    {
        var end = field.AsSpan().IndexOfAny('.', '[');
        var first = end < 0 ? field : field[..end];
        var value = Argument(first, isAutomatic: field.Length == 0);
        for (var i = first.Length; i < field.Length;)
        {
            context.Step();
            if (field[i] == '.')
            {
                var stop = field.AsSpan(i + 1).IndexOfAny('.', '[') is var found and >= 0 ? i + 1 + found : field.Length;
                var name = field[(i + 1)..stop];
                value = name.Length > 0 ? Access.Attribute(context, value, name) : throw new TemplateFault("Empty attribute in format string");
                i = stop;
            }
            else if (field[i] == '[')
            {
                var stop = field.IndexOf(']', i);
                var key = stop < 0 ? throw new TemplateFault("Missing ']' in format string") : field[(i + 1)..stop];
                value = key.Length > 0 ? Access.Item(context, value, Key(key)) : throw new TemplateFault("Empty attribute in format string");
                i = stop + 1;
            }
            else
            {
                throw new TemplateFault("Only '.' or '[' may follow ']' in format field specifier");
            }
        }

        return value;
    }

    private static Value Key(string key) => key.All(char.IsAsciiDigit) && key.Length < 19
        ? new IntegerValue(long.Parse(key, CultureInfo.InvariantCulture))
        : new TextValue(key);

    private Value Argument(string name, bool isAutomatic)
    {
        var isNumber = name.Length is > 0 and < 10 && name.All(char.IsAsciiDigit);
        if (!isAutomatic && !isNumber)
        {
            return named(name) ?? throw new TemplateFault($"KeyError: {Characters.Quote(name)}");
        }

        if (isAutomatic && _automatic is null)
        {
            throw new TemplateFault("cannot switch from manual field specification to automatic field numbering");
        }

        if (isNumber && _automatic > 0)
        {
            throw new TemplateFault("cannot switch from automatic field numbering to manual field specification");
        }

        var index = isAutomatic ? _automatic!.Value : int.Parse(name, CultureInfo.InvariantCulture);
        _automatic = isAutomatic ? index + 1 : null;
        return index < positional.Count ? positional[index] : throw new TemplateFault($"Replacement index {index} out of range for positional args tuple");
    }
}

using System.Globalization;
using XLLM.Silo.Templates.Evaluation;
using XLLM.Silo.Templates.Strings;
using XLLM.Silo.Templates.Values;

namespace XLLM.Silo.Templates.Library;

/// <summary>Python's <c>json.dumps</c>, the <c>tojson</c> filter of chat templates.</summary>
/// <remarks>Not Jinja2's own <c>tojson</c>, which escapes for HTML: transformers replaces it so that prompts stay plain.</remarks>
internal sealed class JsonWriter(TextBuilder result, bool isAscii, string? indent, string itemSeparator, string keySeparator, bool sortKeys)
{
    private int _depth;

    /// <summary>The filter: <c>x | tojson(ensure_ascii=false, indent=none, separators=none, sort_keys=false)</c>.</summary>
    public static Value Filter(RenderContext context, Value value, Arguments arguments)
    {
        var bound = arguments.Bind("tojson", 0, "ensure_ascii", "indent", "separators", "sort_keys");
        var indent = Indent(context, bound[1]);
        var separators = (Item: indent is null ? ", " : ",", Key: ": ");
        if (bound[2] is not (null or NoneValue))
        {
            var given = context.Collect(bound[2]!);
            separators = given is [TextValue item, TextValue key]
                ? (item.Text, key.Text)
                : throw new TemplateFault("tojson: separators must be two strings");
        }

        var builder = new TextBuilder(context);
        new JsonWriter(builder, bound[0]?.IsTrue ?? false, indent, separators.Item, separators.Key, bound[3]?.IsTrue ?? false).Write(value);
        return new TextValue(builder.ToString());
    }

    private static string? Indent(RenderContext context, Value? indent)
    {
        switch (indent)
        {
            case null or NoneValue:
                return null;
            case TextValue text:
                return text.Text;
            default:
                var count = IntegerValue.Count(indent);
                context.CheckTextLength(count);
                return new string(' ', Math.Max(0, count));
        }
    }

    private void Write(Value value)
    {
        result.Context.Step();
        switch (value)
        {
            case TextValue text:
                WriteText(text.Text);
                break;
            case NoneValue or BooleanValue or IntegerValue or FloatValue:
                result.Append(Scalar(value)!);
                break;
            case DictionaryValue dictionary:
                WriteItems('{', '}', Sorted(dictionary), WriteMember);
                break;
            case SequenceValue sequence:
                WriteItems('[', ']', sequence.Items, Write);
                break;
            default:
                throw new TemplateFault($"Object of type {value.TypeName} is not JSON serializable");
        }
    }

    private void WriteItems<T>(char open, char close, IReadOnlyCollection<T> items, Action<T> write)
    {
        result.Append(open);
        _depth++;
        var isFirst = true;
        foreach (var item in items)
        {
            if (!isFirst)
            {
                result.Append(itemSeparator);
            }

            isFirst = false;
            NewLine();
            write(item);
        }

        _depth--;
        if (items.Count > 0)
        {
            NewLine();
        }

        result.Append(close);
    }

    private void NewLine()
    {
        if (indent is null)
        {
            return;
        }

        result.Append('\n');
        for (var i = 0; i < _depth; i++)
        {
            result.Append(indent);
        }
    }

    private void WriteMember(KeyValuePair<Value, Value> member)
    {
        var (key, value) = member;
        WriteText(key is TextValue text ? text.Text : Scalar(key) ?? throw new TemplateFault($"keys must be str, int, float, bool or None, not {key.TypeName}"));
        result.Append(keySeparator);
        Write(value);
    }

    private IReadOnlyCollection<KeyValuePair<Value, Value>> Sorted(DictionaryValue dictionary)
    {
        if (!sortKeys)
        {
            return dictionary.Items;
        }

        Value[] keys = [.. dictionary.Items.Keys];
        return [.. Sorting.Sort(result.Context, keys, keys, isReversed: false).Select(key => KeyValuePair.Create(key, dictionary.Find(key)!))];
    }

    private string? Scalar(Value value) => value switch
    {
        NoneValue => "null",
        BooleanValue { IsTrue: true } => "true",
        BooleanValue => "false",
        IntegerValue integer => integer.Digits(result.Context),
        FloatValue { Number: var number } => double.IsNaN(number) ? "NaN" : double.IsInfinity(number) ? (number > 0 ? "Infinity" : "-Infinity") : FloatText.Represent(number),
        _ => null,
    };

    private void WriteText(string text)
    {
        result.Append('"');
        var plain = 0;
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (c is >= ' ' and not ('"' or '\\') && (!isAscii || c < 0x7F))
            {
                continue;
            }

            if (isAscii && c == 0x7F)
            {
                continue;
            }

            result.Append(text.AsSpan(plain, i - plain));
            plain = i + 1;
            result.Append(c switch
            {
                '"' => "\\\"",
                '\\' => "\\\\",
                '\n' => "\\n",
                '\r' => "\\r",
                '\t' => "\\t",
                '\f' => "\\f",
                '\b' => "\\b",
                _ => string.Create(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
            });
        }

        result.Append(text.AsSpan(plain));
        result.Append('"');
    }
}

using System.Globalization;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using XLLM.Silo.Templates.Evaluation;

namespace XLLM.Silo.Templates.Values;

/// <summary>JSON in: what Python's <c>json.loads</c> gives. A number is an integer unless it is written with a point or an exponent.</summary>
internal static class JsonValues
{
    public static Value Read(RenderContext context, JsonNode? node)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        context.Step();
        switch (node)
        {
            case null:
                return NoneValue.Instance;
            case JsonObject members:
                var dictionary = new DictionaryValue(context);
                foreach (var (name, member) in members)
                {
                    dictionary.Set(new TextValue(name), Read(context, member));
                }

                return dictionary;
            case JsonArray items:
                var list = new List<Value>(items.Count);
                foreach (var item in items)
                {
                    list.Add(Read(context, item));
                }

                return new ListValue(list);
            default:
                return ReadScalar(node);
        }
    }

    private static Value ReadScalar(JsonNode node) => node.GetValueKind() switch
    {
        JsonValueKind.True => BooleanValue.True,
        JsonValueKind.False => BooleanValue.False,
        JsonValueKind.Null => NoneValue.Instance,
        JsonValueKind.Number => ReadNumber(node.AsValue()),
        _ => new TextValue(ReadText(node.AsValue())),
    };

    private static string ReadText(JsonValue value)
    {
        // Enumerations, dates and the like become text when they are written as JSON.
        return value.TryGetValue<string>(out var text) ? text : JsonSerializer.Deserialize<string>(value.ToJsonString()) ?? "";
    }

    private static Value ReadNumber(JsonValue value)
    {
        if (!value.TryGetValue<JsonElement>(out _) && value.TryGetValue<double>(out var number))
        {
            return new FloatValue(number);
        }

        var text = value.ToJsonString();
        if (text.AsSpan().IndexOfAny('.', 'e', 'E') >= 0)
        {
            return new FloatValue(double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture));
        }

        return text.Length <= 4301
            ? new IntegerValue(BigInteger.Parse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture))
            : throw new TemplateFault($"Exceeds the limit (4300 digits) for integer string conversion: value has {text.Length} digits");
    }
}

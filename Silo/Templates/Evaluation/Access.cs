using System.Globalization;
using XLLM.Silo.Templates.Values;

namespace XLLM.Silo.Templates.Evaluation;

/// <summary>Attributes and items, with the sandbox's rule: an attribute that begins with an underscore or would change a list or a dict is undefined, and using it is an error.</summary>
internal static class Access
{
    public static Value Attribute(RenderContext context, Value target, string name) =>
        Found(target, name, target.GetAttribute(context, name))
            ?? target.GetItem(context, new TextValue(name))
            ?? UndefinedValue.Of(target, new TextValue(name));

    public static Value Item(RenderContext context, Value target, Value key) =>
        target.GetItem(context, key)
            ?? (key is TextValue name ? Found(target, name.Text, target.GetAttribute(context, name.Text)) : null)
            ?? UndefinedValue.Of(target, key);

    /// <summary>The item at a path of the <c>attribute</c> argument of filters: names and numbers separated by dots.</summary>
    public static Value Path(RenderContext context, Value target, IReadOnlyList<Value> path, Value? fallback = null)
    {
        foreach (var part in path)
        {
            target = Item(context, target, part);
            if (fallback is not null && target is UndefinedValue)
            {
                target = fallback;
            }
        }

        return target;
    }

    /// <summary>The parts of an <c>attribute</c> argument; none for <c>none</c>.</summary>
    public static IReadOnlyList<Value> ParsePath(Value attribute) => attribute switch
    {
        NoneValue => [],
        TextValue text => [.. text.Text.Split('.').Select(PathPart)],
        _ => [attribute],
    };

    // No list has an index of more digits than an Int64; as a key, such a number would only be slow to read.
    private static Value PathPart(string part) =>
        part.Length is > 0 and < 19 && part.All(char.IsAsciiDigit) ? new IntegerValue(long.Parse(part, CultureInfo.InvariantCulture)) : new TextValue(part);

    private static Value? Found(Value target, string name, Value? attribute) =>
        attribute is not null && name.StartsWith('_') ? UndefinedValue.Unsafe(target, name) : attribute;
}

using XLLM.Silo.Templates.Evaluation;
using XLLM.Silo.Templates.Values;

namespace XLLM.Silo.Templates.Library;

/// <summary>The filters: all of Jinja2's but <c>random</c> (a prompt is reproducible), <c>pprint</c>, <c>urlize</c> and <c>wordwrap</c> (not for prompts), with the <c>tojson</c> of transformers.</summary>
internal static class FilterLibrary
{
    private static readonly Dictionary<string, Func<RenderContext, Value, Arguments, Value>> Filters = Merge(
        TextFilters.All, NumberFilters.All, SequenceFilters.All, SelectionFilters.All, MarkupFilters.All);

    public static bool Contains(string name) => Filters.ContainsKey(name);

    public static Func<RenderContext, Value, Arguments, Value> Find(string name) =>
        Filters.GetValueOrDefault(name) ?? throw new TemplateFault($"No filter named '{name}' found.");

    private static Dictionary<string, Func<RenderContext, Value, Arguments, Value>> Merge(
        params Dictionary<string, Func<RenderContext, Value, Arguments, Value>>[] parts) => new(parts.SelectMany(part => part))
    {
        ["tojson"] = JsonWriter.Filter,
        ["default"] = Default,
        ["d"] = Default,
        ["attr"] = Attribute,
    };

    private static Value Default(RenderContext context, Value value, Arguments arguments)
    {
        var bound = arguments.Bind("default", 0, "default_value", "boolean");
        return value is UndefinedValue || ((bound[1]?.IsTrue ?? false) && !value.IsTrue) ? bound[0] ?? new TextValue("") : value;
    }

    private static Value Attribute(RenderContext context, Value value, Arguments arguments)
    {
        var name = arguments.Bind("attr", 1, "name")[0] as TextValue ?? throw new TemplateFault("attribute name must be string");
        var attribute = value.GetAttribute(context, name.Text);
        return attribute is null ? UndefinedValue.Of(value, name)
            : name.Text.StartsWith('_') ? UndefinedValue.Unsafe(value, name.Text)
            : attribute;
    }
}

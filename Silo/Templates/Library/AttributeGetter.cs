using XLLM.Silo.Templates.Evaluation;
using XLLM.Silo.Templates.Strings;
using XLLM.Silo.Templates.Values;

namespace XLLM.Silo.Templates.Library;

/// <summary>What filters with an <c>attribute</c> argument take from an item.</summary>
internal static class AttributeGetter
{
    /// <summary>The item at a dotted path; the item itself for <c>none</c>.</summary>
    public static Func<Value, Value> Of(RenderContext context, Value? attribute, Value? fallback = null, bool ignoreCase = false)
    {
        var path = Access.ParsePath(attribute ?? NoneValue.Instance);
        fallback = fallback is NoneValue ? null : fallback;
        return item =>
        {
            var value = Access.Path(context, item, path, fallback);
            return ignoreCase ? IgnoreCase(context, value) : value;
        };
    }

    /// <summary>The items at several paths separated by commas, as a list.</summary>
    public static Func<Value, Value> OfMany(RenderContext context, Value? attribute, bool ignoreCase)
    {
        Func<Value, Value>[] getters = attribute is TextValue text
            ? [.. text.Text.Split(',').Select(part => Of(context, new TextValue(part), null, ignoreCase))]
            : [Of(context, attribute, null, ignoreCase)];
        return item => new ListValue([.. getters.Select(getter => getter(item))]);
    }

    public static Value IgnoreCase(RenderContext context, Value value)
    {
        if (value is not TextValue text)
        {
            return value;
        }

        context.AllocateText(text.Text.Length);
        return new TextValue(CaseMapping.Lower(text.Text), text.IsMarkup);
    }
}

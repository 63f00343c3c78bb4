using XLLM.Silo.Templates.Strings;
using XLLM.Silo.Templates.Values;

namespace XLLM.Silo.Templates.Evaluation;

/// <summary>HTML escaping, as MarkupSafe does it.</summary>
internal static class Markup
{
    /// <summary>The value's text with the five special characters escaped; markup is left as it is.</summary>
    public static string Escape(RenderContext context, Value value)
    {
        var text = context.Text(value);
        return value is TextValue { IsMarkup: true } ? text : Escape(context, text);
    }

    public static string Escape(RenderContext context, string text)
    {
        if (text.AsSpan().IndexOfAny("&<>'\"") < 0)
        {
            return text;
        }

        var result = new TextBuilder(context);
        foreach (var c in text)
        {
            switch (c)
            {
                case '&': result.Append("&amp;"); break;
                case '<': result.Append("&lt;"); break;
                case '>': result.Append("&gt;"); break;
                case '\'': result.Append("&#39;"); break;
                case '"': result.Append("&#34;"); break;
                default: result.Append(c); break;
            }
        }

        return result.ToString();
    }

    /// <summary>Without comments, tags and runs of white space, and with entities turned back into characters.</summary>
    public static string StripTags(RenderContext context, string text)
    {
        text = Remove(context, text, "<!--", "-->");
        text = Remove(context, text, "<", ">");
        return System.Net.WebUtility.HtmlDecode(string.Join(' ', Characters.SplitSpaces(text)));
    }

    private static string Remove(RenderContext context, string text, string begin, string end)
    {
        context.AllocateText(text.Length);
        var result = new System.Text.StringBuilder();
        var at = 0;
        while (text.IndexOf(begin, at, StringComparison.Ordinal) is var start and >= 0 && text.IndexOf(end, start, StringComparison.Ordinal) is var stop and >= 0)
        {
            result.Append(text, at, start - at);
            at = stop + end.Length;
        }

        return result.Append(text, at, text.Length - at).ToString();
    }
}

namespace XLLM.Silo.Templates.Syntax;

/// <summary>Line breaks as Jinja2 knows them: CR LF, CR, LF.</summary>
internal static class LineBreaks
{
    public static string ReplaceLineFeeds(this string text) => text.Contains('\r') ? text.Replace("\r\n", "\n").Replace('\r', '\n') : text;
}

namespace XLLM.Silo.Templates.Syntax;

/// <summary>A template's text with its line breaks normalized, and the places in it.</summary>
internal sealed class TemplateSource
{
    private readonly List<int> _lineStarts = [0];

    /// <summary>Every line break becomes one line feed, and a last one is dropped: Jinja2 with <c>keep_trailing_newline</c> off.</summary>
    public TemplateSource(string text)
    {
        Text = text.ReplaceLineFeeds();
        if (Text.EndsWith('\n'))
        {
            Text = Text[..^1];
        }

        for (var i = 0; i < Text.Length; i++)
        {
            if (Text[i] == '\n')
            {
                _lineStarts.Add(i + 1);
            }
        }
    }

    public string Text { get; }

    /// <summary>The line of a position, from 1.</summary>
    public int Line(int position)
    {
        var index = _lineStarts.BinarySearch(position);
        return index >= 0 ? index + 1 : ~index;
    }

    /// <summary>A syntax error at a position.</summary>
    public ChatTemplateException Fail(int position, string message)
    {
        var line = Line(position);
        return new ChatTemplateException($"line {line}, column {position - _lineStarts[line - 1] + 1}: {message}");
    }
}

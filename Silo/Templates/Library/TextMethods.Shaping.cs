using System.Text;
using XLLM.Silo.Templates.Evaluation;
using XLLM.Silo.Templates.Strings;
using XLLM.Silo.Templates.Values;

namespace XLLM.Silo.Templates.Library;

/// <content>Methods that cut, join, fill or replace.</content>
internal static partial class TextMethods
{
    private static ListValue List(RenderContext context, TextValue self, IEnumerable<string> parts)
    {
        var items = new List<Value>();
        foreach (var part in parts)
        {
            context.AllocateItems(1);
            context.AllocateText(part.Length);
            items.Add(new TextValue(part, self.IsMarkup));
        }

        return new ListValue(items);
    }

    private static ListValue Split(RenderContext context, TextValue self, Arguments arguments, bool isLast)
    {
        var bound = arguments.Bind(isLast ? "rsplit" : "split", 0, "sep", "maxsplit");
        var most = bound[1] is null ? -1 : IntegerValue.Count(bound[1]!);
        most = most < 0 ? int.MaxValue : most;
        if (bound[0] is null or NoneValue)
        {
            return List(context, self, isLast ? SplitSpacesFromEnd(self.Text, most) : SplitSpaces(self.Text, most));
        }

        var separator = bound[0] is TextValue text ? text.Text : throw new TemplateFault($"must be str or None, not {bound[0]!.TypeName}");
        if (separator.Length == 0)
        {
            throw new TemplateFault("empty separator");
        }

        return List(context, self, isLast && most < int.MaxValue ? SplitFromEnd(self.Text, separator, most) : Split(self.Text, separator, most));
    }

    private static IEnumerable<string> Split(string text, string separator, int most)
    {
        var start = 0;
        foreach (var place in TextSearch.All(text, separator, most))
        {
            yield return text[start..place];
            start = place + separator.Length;
        }

        yield return text[start..];
    }

    private static List<string> SplitFromEnd(string text, string separator, int most)
    {
        var parts = new List<string>();
        var end = text.Length;
        while (parts.Count < most && TextSearch.LastIndexOf(text, separator, end) is var place and >= 0)
        {
            parts.Add(text[(place + separator.Length)..end]);
            end = place;
        }

        parts.Add(text[..end]);
        parts.Reverse();
        return parts;
    }

    private static IEnumerable<string> SplitSpaces(string text, int most)
    {
        var i = 0;
        for (var count = 0; ; count++)
        {
            while (i < text.Length && Characters.IsSpace(text[i]))
            {
                i++;
            }

            if (i == text.Length)
            {
                yield break;
            }

            var start = i;
            while (i < text.Length && (count == most || !Characters.IsSpace(text[i])))
            {
                i++;
            }

            yield return text[start..i];
        }
    }

    private static List<string> SplitSpacesFromEnd(string text, int most)
    {
        var parts = new List<string>();
        var i = text.Length;
        while (true)
        {
            while (i > 0 && Characters.IsSpace(text[i - 1]))
            {
                i--;
            }

            if (i == 0)
            {
                break;
            }

            var end = i;
            while (i > 0 && (parts.Count == most || !Characters.IsSpace(text[i - 1])))
            {
                i--;
            }

            parts.Add(text[i..end]);
        }

        parts.Reverse();
        return parts;
    }

    private static ListValue SplitLines(RenderContext context, TextValue self, Arguments arguments)
    {
        var keepBreaks = arguments.Bind("splitlines", 0, "keepends")[0]?.IsTrue ?? false;
        return List(context, self, Characters.SplitLines(self.Text, keepBreaks));
    }

    private static TupleValue Partition(RenderContext context, TextValue self, Arguments arguments, bool isLast)
    {
        var function = isLast ? "rpartition" : "partition";
        var separator = Text(arguments.BindPositional(function, 1, 1)[0]!, function);
        if (separator.Length == 0)
        {
            throw new TemplateFault("empty separator");
        }

        var text = self.Text;
        context.AllocateText(text.Length);
        var place = isLast ? TextSearch.LastIndexOf(text, separator, text.Length) : TextSearch.IndexOf(text, separator, 0);
        var (head, middle, tail) = (place, isLast) switch
        {
            (< 0, false) => (text, "", ""),
            (< 0, true) => ("", "", text),
            _ => (text[..place], separator, text[(place + separator.Length)..]),
        };
        return new TupleValue([new TextValue(head, self.IsMarkup), new TextValue(middle, self.IsMarkup), new TextValue(tail, self.IsMarkup)]);
    }

    private static TextValue Strip(RenderContext context, TextValue self, Arguments arguments, string function)
    {
        var characters = arguments.BindPositional(function, 0, 1)[0] switch
        {
            null or NoneValue => null,
            TextValue text => text.Text,
            var other => throw new TemplateFault($"{function} arg must be None or str, not {other.TypeName}"),
        };
        context.AllocateText(self.Text.Length);
        return new TextValue(Strip(context, self.Text, characters, function != "rstrip", function != "lstrip"), self.IsMarkup);
    }

    private static TextValue RemovePrefix(RenderContext context, TextValue self, string prefix)
    {
        context.AllocateText(self.Text.Length);
        return self.Text.StartsWith(prefix, StringComparison.Ordinal) ? new TextValue(self.Text[prefix.Length..], self.IsMarkup) : self;
    }

    private static TextValue RemoveSuffix(RenderContext context, TextValue self, string suffix)
    {
        context.AllocateText(self.Text.Length);
        return self.Text.EndsWith(suffix, StringComparison.Ordinal) ? new TextValue(self.Text[..^suffix.Length], self.IsMarkup) : self;
    }

    private static TextValue Replace(RenderContext context, TextValue self, Arguments arguments)
    {
        var bound = arguments.BindPositional("replace", 2, 3);
        var replacement = Text(bound[1]!, "replace");
        replacement = self.IsMarkup ? Markup.Escape(context, bound[1]!) : replacement;
        var most = bound[2] is null ? -1 : IntegerValue.Count(bound[2]!);
        return new TextValue(Replace(context, self.Text, Text(bound[0]!, "replace"), replacement, most), self.IsMarkup);
    }

    private static TextValue Join(RenderContext context, TextValue self, Arguments arguments)
    {
        var items = arguments.BindPositional("join", 1, 1)[0]!;
        if (!items.IsIterable)
        {
            throw new TemplateFault("can only join an iterable");
        }

        var result = new TextBuilder(context);
        var index = 0;
        foreach (var item in context.Collect(items))
        {
            if (index > 0)
            {
                result.Append(self.Text);
            }

            result.Append(item is TextValue text
                ? (self.IsMarkup ? Markup.Escape(context, text) : text.Text)
                : self.IsMarkup ? Markup.Escape(context, item) : throw new TemplateFault($"sequence item {index}: expected str instance, {item.TypeName} found"));
            index++;
        }

        return new TextValue(result.ToString(), self.IsMarkup);
    }

    private static TextValue Justify(RenderContext context, TextValue self, Arguments arguments, string function)
    {
        var bound = arguments.BindPositional(function, 1, 2);
        var fill = bound[1] is null ? " " : bound[1] is TextValue { Length: 1 } text ? text.Text : throw new TemplateFault("The fill character must be exactly one character long");
        return new TextValue(Justify(context, self, IntegerValue.Count(bound[0]!), fill, function), self.IsMarkup);
    }

    /// <summary>Fills up to a width in code points: at the end (ljust), at the start (rjust) or at both (center).</summary>
    public static string Justify(RenderContext context, TextValue self, int width, string fill, string function)
    {
        var padding = Math.Max(0, width - self.Length);
        context.CheckTextLength(self.Text.Length + ((long)padding * fill.Length));
        context.AllocateText(self.Text.Length + padding);
        var left = function switch
        {
            "ljust" => 0,
            "rjust" => padding,
            _ => (padding / 2) + (padding & width & 1),
        };
        return string.Concat(Enumerable.Repeat(fill, left)) + self.Text + string.Concat(Enumerable.Repeat(fill, padding - left));
    }

    private static TextValue ZeroFill(RenderContext context, TextValue self, Arguments arguments)
    {
        var width = IntegerValue.Count(arguments.BindPositional("zfill", 1, 1)[0]!);
        var sign = self.Text.StartsWith('-') || self.Text.StartsWith('+') ? self.Text[..1] : "";
        var rest = new TextValue(self.Text[sign.Length..]);
        return new TextValue(sign + Justify(context, rest, width - sign.Length, "0", "rjust"), self.IsMarkup);
    }

    private static TextValue ExpandTabs(RenderContext context, TextValue self, Arguments arguments)
    {
        var given = arguments.Bind("expandtabs", 0, "tabsize")[0];
        var size = given is null ? 8 : IntegerValue.Count(given);
        var result = new TextBuilder(context);
        var column = 0;
        foreach (var rune in self.Text.EnumerateRunes())
        {
            if (rune.Value == '\t')
            {
                var spaces = size > 0 ? size - (column % size) : 0;
                result.Append(' ', spaces);
                column += spaces;
            }
            else
            {
                result.Append(rune.ToString());
                column = rune.Value is '\n' or '\r' ? 0 : column + 1;
            }
        }

        return new TextValue(result.ToString(), self.IsMarkup);
    }
}

using XLLM.Silo.Templates.Evaluation;
using XLLM.Silo.Templates.Strings;
using XLLM.Silo.Templates.Values;

namespace XLLM.Silo.Templates.Library;

/// <content>Methods that look for something.</content>
internal static partial class TextMethods
{
    private static IntegerValue Count(RenderContext context, TextValue self, Arguments arguments)
    {
        var bound = arguments.BindPositional("count", 1, 3);
        var needle = Text(bound[0]!, "count");
        if (!TryWindow(self, bound[1], bound[2], out var start, out var end))
        {
            return new IntegerValue(0);
        }

        var text = self.Text[start..end];
        return new IntegerValue(needle.Length == 0 ? new TextValue(text).Length + 1 : TextSearch.All(text, needle, int.MaxValue).Count);
    }

    private static IntegerValue Find(RenderContext context, TextValue self, Arguments arguments, bool isLast, bool mustExist)
    {
        var bound = arguments.BindPositional("find", 1, 3);
        var needle = Text(bound[0]!, "find");
        var found = -1;
        if (TryWindow(self, bound[1], bound[2], out var start, out var end))
        {
            found = isLast ? TextSearch.LastIndexOf(self.Text[..end], needle, end) : TextSearch.IndexOf(self.Text[..end], needle, start);
            found = found < start ? -1 : found;
        }

        return found >= 0 || !mustExist ? new IntegerValue(found < 0 ? -1 : self.Index(found)) : throw new TemplateFault("substring not found");
    }

    private static BooleanValue HasEnd(RenderContext context, TextValue self, Arguments arguments, bool isStart)
    {
        var function = isStart ? "startswith" : "endswith";
        var bound = arguments.BindPositional(function, 1, 3);
        IReadOnlyList<Value> wanted = bound[0] switch
        {
            TextValue => [bound[0]!],
            TupleValue tuple => tuple.Items,
            _ => throw new TemplateFault($"{function} first arg must be str or a tuple of str, not {bound[0]!.TypeName}"),
        };
        if (!TryWindow(self, bound[1], bound[2], out var start, out var end))
        {
            return BooleanValue.False;
        }

        foreach (var item in wanted)
        {
            var text = Text(item, function);
            context.Work(text.Length);
            var window = self.Text.AsSpan(start, end - start);
            if (isStart ? window.StartsWith(text, StringComparison.Ordinal) : window.EndsWith(text, StringComparison.Ordinal))
            {
                return BooleanValue.True;
            }
        }

        return BooleanValue.False;
    }

    /// <summary>The UTF-16 bounds of a search between two code points; false when the window lies beyond the end.</summary>
    private static bool TryWindow(TextValue self, Value? from, Value? to, out int start, out int end)
    {
        var length = self.Length;
        (start, end) = (0, 0);
        var first = Bound(from, 0, length);
        var last = Math.Min(Bound(to, length, length), length);
        if (first > last)
        {
            return false;
        }

        (start, end) = (self.Offset(first), self.Offset(last));
        return true;
    }

    private static int Bound(Value? value, int missing, int length)
    {
        if (value is null or NoneValue)
        {
            return missing;
        }

        var bound = IntegerValue.Count(value);
        return bound < 0 ? Math.Max(0, bound + length) : bound;
    }
}

using System.Globalization;
using System.Text;
using XLLM.Silo.Templates.Evaluation;
using XLLM.Silo.Templates.Strings;
using XLLM.Silo.Templates.Values;

namespace XLLM.Silo.Templates.Library;

/// <summary>The methods of texts. Those of markup give markup and escape what they put in.</summary>
internal static partial class TextMethods
{
    private static readonly Dictionary<string, Func<RenderContext, TextValue, Arguments, Value>> Methods = new()
    {
        ["capitalize"] = Map("capitalize", CaseMapping.Capitalize),
        ["casefold"] = Map("casefold", CaseMapping.Fold),
        ["center"] = (context, self, arguments) => Justify(context, self, arguments, "center"),
        ["count"] = Count,
        ["endswith"] = (context, self, arguments) => HasEnd(context, self, arguments, isStart: false),
        ["expandtabs"] = ExpandTabs,
        ["find"] = (context, self, arguments) => Find(context, self, arguments, isLast: false, mustExist: false),
        ["format"] = (context, self, arguments) => TextFormat.Format(context, self, arguments),
        ["format_map"] = (context, self, arguments) => TextFormat.FormatMap(context, self, arguments.BindPositional("format_map", 1, 1)[0]!),
        ["index"] = (context, self, arguments) => Find(context, self, arguments, isLast: false, mustExist: true),
        ["isalnum"] = Test("isalnum", text => AllRunes(text, rune => IsAlphabetic(rune) || IsNumeric(rune))),
        ["isalpha"] = Test("isalpha", text => AllRunes(text, IsAlphabetic)),
        ["isascii"] = Test("isascii", text => Ascii.IsValid(text)),
        ["isdecimal"] = Test("isdecimal", text => AllRunes(text, rune => Rune.GetUnicodeCategory(rune) == UnicodeCategory.DecimalDigitNumber)),
        ["isdigit"] = Test("isdigit", text => AllRunes(text, rune => CharUnicodeInfo.GetDigitValue(rune.ToString(), 0) >= 0)),
        ["isidentifier"] = Test("isidentifier", text => text.Length > 0 && Characters.IsNameStart(Rune.GetRuneAt(text, 0)) && AllRunes(text, Characters.IsIdentifierPart)),
        ["islower"] = Test("islower", IsLower),
        ["isnumeric"] = Test("isnumeric", text => AllRunes(text, IsNumeric)),
        ["isprintable"] = Test("isprintable", text => text.Length == 0 || AllRunes(text, Characters.IsPrintable)),
        ["isspace"] = Test("isspace", text => text.Length > 0 && text.All(Characters.IsSpace)),
        ["istitle"] = Test("istitle", IsTitle),
        ["isupper"] = Test("isupper", IsUpper),
        ["join"] = Join,
        ["ljust"] = (context, self, arguments) => Justify(context, self, arguments, "ljust"),
        ["lower"] = Map("lower", CaseMapping.Lower),
        ["lstrip"] = (context, self, arguments) => Strip(context, self, arguments, "lstrip"),
        ["partition"] = (context, self, arguments) => Partition(context, self, arguments, isLast: false),
        ["removeprefix"] = (context, self, arguments) => RemovePrefix(context, self, Text(arguments.BindPositional("removeprefix", 1, 1)[0]!, "removeprefix")),
        ["removesuffix"] = (context, self, arguments) => RemoveSuffix(context, self, Text(arguments.BindPositional("removesuffix", 1, 1)[0]!, "removesuffix")),
        ["replace"] = Replace,
        ["rfind"] = (context, self, arguments) => Find(context, self, arguments, isLast: true, mustExist: false),
        ["rindex"] = (context, self, arguments) => Find(context, self, arguments, isLast: true, mustExist: true),
        ["rjust"] = (context, self, arguments) => Justify(context, self, arguments, "rjust"),
        ["rpartition"] = (context, self, arguments) => Partition(context, self, arguments, isLast: true),
        ["rsplit"] = (context, self, arguments) => Split(context, self, arguments, isLast: true),
        ["rstrip"] = (context, self, arguments) => Strip(context, self, arguments, "rstrip"),
        ["split"] = (context, self, arguments) => Split(context, self, arguments, isLast: false),
        ["splitlines"] = SplitLines,
        ["startswith"] = (context, self, arguments) => HasEnd(context, self, arguments, isStart: true),
        ["strip"] = (context, self, arguments) => Strip(context, self, arguments, "strip"),
        ["striptags"] = (context, self, arguments) => new TextValue(Markup.StripTags(context, self.Text)),
        ["swapcase"] = Map("swapcase", CaseMapping.SwapCase),
        ["title"] = Map("title", CaseMapping.TitleWords),
        ["unescape"] = (context, self, arguments) => new TextValue(System.Net.WebUtility.HtmlDecode(self.Text)),
        ["upper"] = Map("upper", CaseMapping.Upper),
        ["zfill"] = ZeroFill,
    };

    /// <summary>A method of a text, or null.</summary>
    public static Value? Find(TextValue self, string name)
    {
        if (!Methods.TryGetValue(name, out var method) || (!self.IsMarkup && name is "striptags" or "unescape"))
        {
            return null;
        }

        return new FunctionValue($"str.{name}", (context, arguments) =>
        {
            context.Work(self.Text.Length);
            return method(context, self, arguments);
        });
    }

    public static bool IsLower(string text) => HasCased(text, CaseMapping.IsLower) && !HasCased(text, rune => CaseMapping.IsUpper(rune) || CaseMapping.IsTitle(rune));

    public static bool IsUpper(string text) => HasCased(text, CaseMapping.IsUpper) && !HasCased(text, rune => CaseMapping.IsLower(rune) || CaseMapping.IsTitle(rune));

    /// <summary>Removes characters from the ends; white space when <paramref name="characters"/> is null.</summary>
    public static string Strip(RenderContext context, string text, string? characters, bool atStart, bool atEnd)
    {
        context.Work(text.Length);
        var set = characters?.EnumerateRunes().ToHashSet();
        var (start, end) = (0, text.Length);
        while (atStart && start < end)
        {
            var isRune = Rune.TryGetRuneAt(text, start, out var rune);
            if (set is null ? !Characters.IsSpace(text[start]) : !isRune || !set.Contains(rune))
            {
                break;
            }

            start += isRune ? rune.Utf16SequenceLength : 1;
        }

        while (atEnd && end > start)
        {
            Rune.DecodeLastFromUtf16(text.AsSpan(start, end - start), out var rune, out var length);
            if (set is null ? !Characters.IsSpace(text[end - 1]) : !set.Contains(rune))
            {
                break;
            }

            end -= length;
        }

        return text[start..end];
    }

    /// <summary>Replaces at most <paramref name="most"/> places; all when negative.</summary>
    public static string Replace(RenderContext context, string text, string old, string replacement, int most)
    {
        var limit = most < 0 ? int.MaxValue : most;
        context.Work(text.Length + old.Length);
        var places = old.Length > 0 ? TextSearch.All(text, old, limit) : Boundaries(text, limit);
        var length = text.Length + ((long)places.Count * (replacement.Length - old.Length));
        context.CheckTextLength(length);
        context.AllocateText(length + places.Count);
        var result = new StringBuilder((int)length);
        var at = 0;
        foreach (var place in places)
        {
            result.Append(text, at, place - at).Append(replacement);
            at = place + old.Length;
        }

        return result.Append(text, at, text.Length - at).ToString();
    }

    private static List<int> Boundaries(string text, int most)
    {
        var whole = new TextValue(text);
        return [.. Enumerable.Range(0, Math.Min(whole.Length + 1, most)).Select(whole.Offset)];
    }

    private static Func<RenderContext, TextValue, Arguments, Value> Map(string name, Func<string, string> map) => (context, self, arguments) =>
    {
        arguments.BindPositional(name, 0, 0);
        context.AllocateText(self.Text.Length);
        return new TextValue(map(self.Text), self.IsMarkup);
    };

    private static Func<RenderContext, TextValue, Arguments, Value> Test(string name, Func<string, bool> test) => (_, self, arguments) =>
    {
        arguments.BindPositional(name, 0, 0);
        return BooleanValue.Of(test(self.Text));
    };

    private static string Text(Value value, string function) => value is TextValue text
        ? text.Text
        : throw new TemplateFault($"{function}: must be str, not {value.TypeName}");

    private static bool AllRunes(string text, Func<Rune, bool> test) => text.Length > 0 && text.EnumerateRunes().All(test);

    private static bool HasCased(string text, Func<Rune, bool> test) => text.EnumerateRunes().Any(test);

    private static bool IsAlphabetic(Rune rune) => Rune.IsLetter(rune);

    private static bool IsNumeric(Rune rune) => Rune.IsNumber(rune) || CharUnicodeInfo.GetNumericValue(rune.ToString(), 0) >= 0;

    private static bool IsTitle(string text)
    {
        var (isInside, hasWord) = (false, false);
        foreach (var rune in text.EnumerateRunes())
        {
            var isStart = CaseMapping.IsUpper(rune) || CaseMapping.IsTitle(rune);
            var isRest = CaseMapping.IsLower(rune);
            if ((isStart && isInside) || (isRest && !isInside))
            {
                return false;
            }

            isInside = isStart || isRest;
            hasWord |= isInside;
        }

        return hasWord;
    }
}

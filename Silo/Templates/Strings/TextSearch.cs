namespace XLLM.Silo.Templates.Strings;

/// <summary>Finding a text in a text, in time linear in both.</summary>
internal static class TextSearch
{
    // The vectorized search of .NET takes time in the product of the lengths for some inputs, which a short needle keeps small.
    private const int LongNeedle = 64;

    /// <summary>The first place at or after <paramref name="from"/>, or -1.</summary>
    public static int IndexOf(string text, string needle, int from)
    {
        if (needle.Length <= LongNeedle)
        {
            var index = text.AsSpan(from).IndexOf(needle, StringComparison.Ordinal);
            return index < 0 ? -1 : index + from;
        }

        var failure = Failure(needle);
        var matched = 0;
        for (var i = from; i < text.Length; i++)
        {
            while (matched > 0 && text[i] != needle[matched])
            {
                matched = failure[matched - 1];
            }

            matched += text[i] == needle[matched] ? 1 : 0;
            if (matched == needle.Length)
            {
                return i - needle.Length + 1;
            }
        }

        return -1;
    }

    /// <summary>The last place that ends at or before <paramref name="to"/>, or -1.</summary>
    public static int LastIndexOf(string text, string needle, int to)
    {
        if (needle.Length <= LongNeedle)
        {
            return text.AsSpan(0, to).LastIndexOf(needle, StringComparison.Ordinal);
        }

        var reversed = IndexOf(Reverse(text[..to]), Reverse(needle), 0);
        return reversed < 0 ? -1 : to - reversed - needle.Length;
    }

    /// <summary>All places without overlap, at most <paramref name="most"/>.</summary>
    public static List<int> All(string text, string needle, int most)
    {
        var places = new List<int>();
        if (needle.Length > LongNeedle)
        {
            return AllLong(text, needle, most);
        }

        for (var i = IndexOf(text, needle, 0); i >= 0 && places.Count < most; i = IndexOf(text, needle, i + needle.Length))
        {
            places.Add(i);
        }

        return places;
    }

    private static List<int> AllLong(string text, string needle, int most)
    {
        var places = new List<int>();
        var failure = Failure(needle);
        var matched = 0;
        for (var i = 0; i < text.Length && places.Count < most; i++)
        {
            while (matched > 0 && text[i] != needle[matched])
            {
                matched = failure[matched - 1];
            }

            matched += text[i] == needle[matched] ? 1 : 0;
            if (matched == needle.Length)
            {
                places.Add(i - needle.Length + 1);
                matched = 0;
            }
        }

        return places;
    }

    private static string Reverse(string text)
    {
        var characters = text.ToCharArray();
        Array.Reverse(characters);
        return new string(characters);
    }

    // Of each prefix, the longest proper prefix that is also its end (Knuth, Morris and Pratt 1977).
    private static int[] Failure(string needle)
    {
        var failure = new int[needle.Length];
        for (int i = 1, matched = 0; i < needle.Length; i++)
        {
            while (matched > 0 && needle[i] != needle[matched])
            {
                matched = failure[matched - 1];
            }

            matched += needle[i] == needle[matched] ? 1 : 0;
            failure[i] = matched;
        }

        return failure;
    }
}

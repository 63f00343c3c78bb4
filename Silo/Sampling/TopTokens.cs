namespace XLLM.Silo.Sampling;

/// <summary>Finds the greatest logits of a row without sorting it. Of equal logits the lower token is the greater.</summary>
internal static class TopTokens
{
    /// <summary>Selects the greatest elements.</summary>
    /// <param name="logits">The row.</param>
    /// <param name="tokens">Receives their places; its length says how many, at most that of the row. Heap order: the least is first.</param>
    /// <param name="values">Receives the elements; as long as <paramref name="tokens"/>.</param>
    /// <remarks>A heap of the best so far, whose root is the bar for the next. In a row of random order the bar is passed about k ln(V / k) times, so time is that of one scan.</remarks>
    public static void Select(ReadOnlySpan<float> logits, Span<int> tokens, Span<float> values)
    {
        for (var i = 0; i < tokens.Length; i++)
        {
            (tokens[i], values[i]) = (i, logits[i]);
        }

        for (var i = (tokens.Length / 2) - 1; i >= 0; i--)
        {
            SiftDown(tokens, values, i);
        }

        for (var i = tokens.Length; tokens.Length > 0; i++)
        {
            i = NextAbove(logits, i, values[0]);
            if (i < 0)
            {
                return;
            }

            (tokens[0], values[0]) = (i, logits[i]);
            SiftDown(tokens, values, 0);
        }
    }

    /// <summary>Sorts selected elements, the greatest first.</summary>
    public static void Sort(Span<int> tokens, Span<float> values)
    {
        // A heap whose root is the least sorts itself with the greatest first.
        for (var i = (tokens.Length / 2) - 1; i >= 0; i--)
        {
            SiftDown(tokens, values, i);
        }

        for (var last = tokens.Length - 1; last > 0; last--)
        {
            (tokens[0], tokens[last]) = (tokens[last], tokens[0]);
            (values[0], values[last]) = (values[last], values[0]);
            SiftDown(tokens[..last], values[..last], 0);
        }
    }

    private static int NextAbove(ReadOnlySpan<float> logits, int start, float bar)
    {
        var found = LogitsMath.IndexOfAbove(logits[Math.Min(start, logits.Length)..], bar);
        return found < 0 ? found : start + found;
    }

    private static void SiftDown(Span<int> tokens, Span<float> values, int place)
    {
        while ((2 * place) + 1 < tokens.Length)
        {
            var least = (2 * place) + 1;
            if (least + 1 < tokens.Length && IsLess(tokens, values, least + 1, least))
            {
                least++;
            }

            if (!IsLess(tokens, values, least, place))
            {
                return;
            }

            (tokens[place], tokens[least]) = (tokens[least], tokens[place]);
            (values[place], values[least]) = (values[least], values[place]);
            place = least;
        }
    }

    private static bool IsLess(ReadOnlySpan<int> tokens, ReadOnlySpan<float> values, int a, int b) =>
        values[a] < values[b] || (values[a] == values[b] && tokens[a] > tokens[b]);
}

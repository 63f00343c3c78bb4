namespace XLLM.Silo.Weights;

/// <summary>Finds what somebody may have meant: for messages about missing tensors.</summary>
internal static class SimilarNames
{
    private const int Shown = 3;

    /// <summary>"; similar names present: a, b", or nothing where none is near.</summary>
    /// <param name="name">The missing name.</param>
    /// <param name="present">The names that are there.</param>
    public static string Hint(string name, IEnumerable<string> present)
    {
        // A third of the name may differ: enough for another prefix, too little for another tensor of the layer.
        var near = present.Select(candidate => (candidate, distance: Distance(name, candidate)))
            .Where(pair => pair.distance <= Math.Max(3, name.Length / 3))
            .OrderBy(pair => pair.distance).ThenBy(pair => pair.candidate, StringComparer.Ordinal)
            .Take(Shown).Select(pair => $"\"{pair.candidate}\"").ToArray();
        return near.Length == 0 ? string.Empty : $"; similar names present: {string.Join(", ", near)}";
    }

    /// <summary>Fewest insertions, deletions and replacements of characters that turn one text into the other (Levenshtein 1966).</summary>
    private static int Distance(string a, string b)
    {
        var row = new int[b.Length + 1];
        for (var j = 0; j <= b.Length; j++)
        {
            row[j] = j;
        }

        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(replaced, Math.Min(row[j], row[j - 1]) + 1);
            }
        }

        return row[b.Length];
    }
}

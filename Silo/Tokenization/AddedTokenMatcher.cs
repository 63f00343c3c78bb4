using System.Buffers;
using System.Text;
using XLLM.Silo.Tokenization.Patterns;

namespace XLLM.Silo.Tokenization;

/// <summary>Finds added tokens in a text: leftmost first, then longest. A trie over UTF-16 units. Immutable.</summary>
internal sealed class AddedTokenMatcher
{
    private readonly Node _root = new();
    private readonly SearchValues<char> _firstUnits;

    /// <param name="tokens">Each with the content to look for. Of two with the same content the first counts.</param>
    public AddedTokenMatcher(IEnumerable<(string Content, AddedToken Token)> tokens)
    {
        foreach (var (content, token) in tokens)
        {
            var node = _root;
            foreach (var unit in content)
            {
                node = node.GetOrAdd(unit);
            }

            node.Token ??= token;
        }

        IsEmpty = _root.Children is null;
        _firstUnits = SearchValues.Create(_root.Children is null ? [] : [.. _root.Children.Keys]);
    }

    public bool IsEmpty { get; }

    /// <summary>Finds the next token in a text.</summary>
    /// <param name="position">Where to look from; moved behind the match as it was written, which is where the next search goes on.</param>
    /// <param name="taken">Where the text not yet given to anything begins; a token that reaches before it is passed over.</param>
    /// <param name="start">Where the match begins, white space that it strips included.</param>
    /// <param name="end">Where it ends, white space that it strips included.</param>
    /// <returns>The token, or null when there is none left.</returns>
    public AddedToken? Next(ReadOnlySpan<char> text, ref int position, int taken, out int start, out int end)
    {
        while (position < text.Length)
        {
            var offset = text[position..].IndexOfAny(_firstUnits);
            if (offset < 0)
            {
                break;
            }

            start = position + offset;
            if (Longest(text, start) is not var (token, length))
            {
                position = start + 1;
                continue;
            }

            end = start + length;
            position = end;
            if (start < taken || (token.SingleWord && TouchesWord(text, start, end)))
            {
                continue;
            }

            if (token.StripsLeft)
            {
                start = Math.Max(taken, text[..start].TrimEnd().Length);
            }

            if (token.StripsRight)
            {
                end = text.Length - text[end..].TrimStart().Length;
            }

            return token;
        }

        start = end = -1;
        return null;
    }

    private (AddedToken Token, int Length)? Longest(ReadOnlySpan<char> text, int start)
    {
        (AddedToken, int)? longest = null;
        var node = _root;
        for (var at = start; at < text.Length && node.Children is { } children && children.TryGetValue(text[at], out node); at++)
        {
            if (node.Token is { } token)
            {
                longest = (token, at - start + 1);
            }
        }

        return longest;
    }

    private static bool TouchesWord(ReadOnlySpan<char> text, int start, int end)
    {
        Rune.DecodeLastFromUtf16(text[..start], out var before, out _);
        Rune.DecodeFromUtf16(text[end..], out var after, out _);
        return (start > 0 && CodePointSet.IsWord(before.Value)) || (end < text.Length && CodePointSet.IsWord(after.Value));
    }

    private sealed class Node
    {
        public Dictionary<char, Node>? Children { get; private set; }

        public AddedToken? Token { get; set; }

        public Node GetOrAdd(char unit)
        {
            Children ??= [];
            if (!Children.TryGetValue(unit, out var child))
            {
                Children.Add(unit, child = new());
            }

            return child;
        }
    }
}

using System.IO.Hashing;
using System.Runtime.InteropServices;

namespace XLLM.Silo.Tokenization;

/// <summary>
/// Remembers the tokens of words that were encoded lately. Bounded: a word has two places and takes the older of them.
/// Thread-safe without locks: an entry never changes after its reference is published, and a lost update costs one encoding.
/// </summary>
/// <param name="slots">A power of two. The default holds the words of several languages at 100 to 500 bytes each.</param>
internal sealed class WordCache(int slots = WordCache.DefaultSlots)
{
    public const int DefaultSlots = 1 << 16;

    /// <summary>Longer words hardly come again, and would let the cache grow beyond what its slots promise.</summary>
    public const int LongestWord = 32;

    private readonly Entry?[] _entries = new Entry?[slots];

    /// <summary>The hash to find and to add a word with.</summary>
    public static ulong Hash(ReadOnlySpan<char> word) => XxHash3.HashToUInt64(MemoryMarshal.AsBytes(word));

    public bool TryFind(ReadOnlySpan<char> word, ulong hash, out int[] tokens)
    {
        var slot = (int)hash & (slots - 1);
        for (var way = 0; way < 2; way++)
        {
            if (_entries[slot ^ way] is { } entry && entry.Hash == hash && word.SequenceEqual(entry.Word))
            {
                tokens = entry.Tokens;
                return true;
            }
        }

        tokens = [];
        return false;
    }

    public void Add(ReadOnlySpan<char> word, ulong hash, ReadOnlySpan<int> tokens)
    {
        var slot = (int)hash & (slots - 1);
        _entries[slot ^ 1] = _entries[slot];
        _entries[slot] = new(hash, word.ToString(), tokens.ToArray());
    }

    private sealed record Entry(ulong Hash, string Word, int[] Tokens);
}

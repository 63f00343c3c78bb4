using System.IO.Hashing;
using System.Numerics;

namespace XLLM.Silo.Tokenization;

/// <summary>Finds tokens by their bytes. Holds ids alone; the bytes stay in the vocabulary.</summary>
internal sealed class VocabularyIndex
{
    private readonly Vocabulary _vocabulary;
    private readonly int[] _slots;

    /// <param name="ids">The ids to be found. Of two with the same bytes the first counts; ids without bytes are not found.</param>
    public VocabularyIndex(Vocabulary vocabulary, IReadOnlyCollection<int> ids)
    {
        _vocabulary = vocabulary;
        _slots = new int[(int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(16, ids.Count * 2))];
        Array.Fill(_slots, -1);
        foreach (var id in ids)
        {
            var bytes = vocabulary[id];
            if (!bytes.IsEmpty && Find(bytes, out var slot) < 0)
            {
                _slots[slot] = id;
            }
        }
    }

    /// <summary>The id of the token with exactly these bytes, or -1.</summary>
    public int Find(ReadOnlySpan<byte> bytes) => Find(bytes, out _);

    private int Find(ReadOnlySpan<byte> bytes, out int slot)
    {
        for (slot = (int)XxHash3.HashToUInt64(bytes) & (_slots.Length - 1); ; slot = (slot + 1) & (_slots.Length - 1))
        {
            var id = _slots[slot];
            if (id < 0 || bytes.SequenceEqual(_vocabulary[id]))
            {
                return id;
            }
        }
    }
}

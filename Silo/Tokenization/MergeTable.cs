using System.Numerics;

namespace XLLM.Silo.Tokenization;

/// <summary>Which two adjacent tokens merge, how early, and into what. Open addressing over flat arrays: a probe is one or two cache lines.</summary>
internal sealed class MergeTable
{
    private const ulong Vacant = ulong.MaxValue;

    private readonly ulong[] _keys;
    private readonly ulong[] _values;
    private readonly int _shift;

    /// <param name="capacity">Number of merges that will be added at most.</param>
    public MergeTable(int capacity)
    {
        var size = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(16, capacity * 2));
        _keys = new ulong[size];
        Array.Fill(_keys, Vacant);
        _values = new ulong[size];
        _shift = 64 - BitOperations.Log2((uint)size);
    }

    public int Count { get; private set; }

    /// <summary>Adds a merge. Of two for the same pair the later one counts.</summary>
    /// <param name="rank">0 merges first.</param>
    /// <param name="product">The id of the merged token.</param>
    public void Add(int left, int right, int rank, int product)
    {
        var key = Key(left, right);
        var slot = Slot(key);
        while (_keys[slot] != Vacant && _keys[slot] != key)
        {
            slot = (slot + 1) & (_keys.Length - 1);
        }

        if (_keys[slot] == Vacant)
        {
            Count++;
            _keys[slot] = key;
        }

        _values[slot] = ((ulong)(uint)rank << 32) | (uint)product;
    }

    /// <summary>Finds a pair's merge. Negative ids merge with nothing.</summary>
    /// <returns>The rank, or <see cref="int.MaxValue"/> when the two do not merge.</returns>
    public int Find(int left, int right, out int product)
    {
        var key = Key(left, right);
        for (var slot = Slot(key); ; slot = (slot + 1) & (_keys.Length - 1))
        {
            var found = _keys[slot];
            if (found == key)
            {
                var value = _values[slot];
                product = (int)(uint)value;
                return (int)(value >> 32);
            }

            if (found == Vacant)
            {
                product = -1;
                return int.MaxValue;
            }
        }
    }

    private static ulong Key(int left, int right) => ((ulong)(uint)left << 32) | (uint)right;

    // Fibonacci hashing: ids are small and dense, the multiplication spreads them over the high bits.
    private int Slot(ulong key) => (int)((key * 0x9E37_79B9_7F4A_7C15UL) >> _shift);
}

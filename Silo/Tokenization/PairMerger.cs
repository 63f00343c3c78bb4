using System.Buffers;

namespace XLLM.Silo.Tokenization;

/// <summary>Applies merges to the tokens of one word: the pair of lowest rank first, of equal ones the leftmost.</summary>
internal static class PairMerger
{
    /// <summary>Up to this many tokens, looking through all pairs at each merge is faster than keeping a heap.</summary>
    private const int LongestScan = 96;

    /// <summary>Merges in place.</summary>
    /// <returns>How many tokens are left at the front of <paramref name="tokens"/>.</returns>
    public static int Merge(MergeTable merges, Span<int> tokens) =>
        tokens.Length < 2 ? tokens.Length
        : tokens.Length <= LongestScan ? MergeByScanning(merges, tokens)
        : MergeByHeap(merges, tokens);

    /// <summary>Quadratic in the word's length, but over a few cache lines. The plain form that the other is tested against.</summary>
    internal static int MergeByScanning(MergeTable merges, Span<int> tokens)
    {
        var count = tokens.Length;
        Span<int> ranks = count <= LongestScan ? stackalloc int[count] : new int[count];
        Span<int> products = count <= LongestScan ? stackalloc int[count] : new int[count];
        for (var i = 0; i + 1 < count; i++)
        {
            ranks[i] = merges.Find(tokens[i], tokens[i + 1], out products[i]);
        }

        while (true)
        {
            var best = -1;
            var bestRank = int.MaxValue;
            for (var i = 0; i + 1 < count; i++)
            {
                if (ranks[i] < bestRank)
                {
                    (best, bestRank) = (i, ranks[i]);
                }
            }

            if (best < 0)
            {
                return count;
            }

            tokens[best] = products[best];
            tokens[(best + 2)..count].CopyTo(tokens[(best + 1)..]);
            ranks[(best + 1)..(count - 1)].CopyTo(ranks[best..]);
            products[(best + 1)..(count - 1)].CopyTo(products[best..]);
            count--;
            if (best + 1 < count)
            {
                ranks[best] = merges.Find(tokens[best], tokens[best + 1], out products[best]);
            }

            if (best > 0)
            {
                ranks[best - 1] = merges.Find(tokens[best - 1], tokens[best], out products[best - 1]);
            }
        }
    }

    /// <summary>n log n for words of any length: a heap of (rank, position), and a linked list of the tokens that are left.</summary>
    internal static int MergeByHeap(MergeTable merges, Span<int> tokens)
    {
        var count = tokens.Length;
        var pool = ArrayPool<int>.Shared;
        var nextOf = pool.Rent(count);
        var previousOf = pool.Rent(count);

        // Each merge takes one token away and adds at most two pairs to the at most count - 1 of the beginning.
        var heap = ArrayPool<ulong>.Shared.Rent(3 * count);
        var heapCount = 0;
        try
        {
            for (var i = 0; i < count; i++)
            {
                nextOf[i] = i + 1 < count ? i + 1 : -1;
                previousOf[i] = i - 1;
                if (i + 1 < count && merges.Find(tokens[i], tokens[i + 1], out _) is var rank and not int.MaxValue)
                {
                    heap[heapCount++] = HeapKey(rank, i);
                }
            }

            for (var i = (heapCount / 2) - 1; i >= 0; i--)
            {
                SiftDown(heap, heapCount, i);
            }

            while (heapCount > 0)
            {
                var top = heap[0];
                heap[0] = heap[--heapCount];
                SiftDown(heap, heapCount, 0);
                var left = (int)(uint)top;
                var right = nextOf[left];

                // An entry is stale when one of its two tokens was merged since; then the pair's rank differs, or the left one is gone.
                if (right < 0 || tokens[left] < 0 || merges.Find(tokens[left], tokens[right], out var product) != (int)(top >> 32))
                {
                    continue;
                }

                tokens[left] = product;
                tokens[right] = Merged;
                var after = nextOf[right];
                nextOf[left] = after;
                nextOf[right] = -1;
                if (after >= 0)
                {
                    previousOf[after] = left;
                    Push(heap, ref heapCount, merges.Find(product, tokens[after], out _), left);
                }

                var before = previousOf[left];
                if (before >= 0)
                {
                    Push(heap, ref heapCount, merges.Find(tokens[before], product, out _), before);
                }
            }

            var written = 0;
            for (var i = 0; i >= 0; i = nextOf[i])
            {
                tokens[written++] = tokens[i];
            }

            return written;
        }
        finally
        {
            pool.Return(nextOf);
            pool.Return(previousOf);
            ArrayPool<ulong>.Shared.Return(heap);
        }
    }

    private const int Merged = int.MinValue;

    private static ulong HeapKey(int rank, int position) => ((ulong)(uint)rank << 32) | (uint)position;

    private static void Push(ulong[] heap, ref int count, int rank, int position)
    {
        if (rank == int.MaxValue)
        {
            return;
        }

        var key = HeapKey(rank, position);
        var at = count++;
        while (at > 0 && heap[(at - 1) / 2] > key)
        {
            heap[at] = heap[(at - 1) / 2];
            at = (at - 1) / 2;
        }

        heap[at] = key;
    }

    private static void SiftDown(ulong[] heap, int count, int at)
    {
        if (at >= count)
        {
            return;
        }

        var key = heap[at];
        while ((at * 2) + 1 < count)
        {
            var child = (at * 2) + 1;
            if (child + 1 < count && heap[child + 1] < heap[child])
            {
                child++;
            }

            if (heap[child] >= key)
            {
                break;
            }

            heap[at] = heap[child];
            at = child;
        }

        heap[at] = key;
    }
}

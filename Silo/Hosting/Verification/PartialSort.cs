namespace XLLM.Silo.Hosting.Verification;

/// <summary>The reference's way to the n greatest of some scores, step by step, because which of equal scores it takes follows from the steps and from nothing else.</summary>
/// <remarks>
/// PyTorch's topk on a CPU keeps pairs of score and position and, where n is not much smaller than their number, asks the C++ library to partition them at place n
/// (introselect: Musser 1997, "Introspective sorting and selection algorithms"); otherwise it keeps the n greatest so far in a heap. The steps are those of GNU libstdc++.
/// </remarks>
internal static class PartialSort
{
    /// <summary>Above this many times n scores, the reference uses the heap.</summary>
    private const int HeapFactor = 64;

    /// <summary>Brings the n greatest scores to the front, in some order.</summary>
    /// <param name="items">Scores and positions; reordered.</param>
    /// <param name="count">1 to the number of items.</param>
    public static void PutGreatestFirst(Span<(double Score, int Position)> items, int count)
    {
        if ((long)count * HeapFactor <= items.Length)
        {
            SelectByHeap(items, count);
        }
        else
        {
            SelectByPartition(items, count - 1);
        }
    }

    private static bool Before((double Score, int Position) a, (double Score, int Position) b) => a.Score > b.Score;

    private static void SelectByPartition(Span<(double Score, int Position)> items, int place)
    {
        var (first, last) = (0, items.Length);
        for (var rounds = 2 * int.Log2(items.Length); last - first > 3; rounds--)
        {
            if (rounds == 0)
            {
                SelectByHeap(items[first..last], place + 1 - first);
                (items[first], items[place]) = (items[place], items[first]);
                return;
            }

            var cut = first + 1 + Partition(items[first..last]);
            (first, last) = cut <= place ? (cut, last) : (first, cut);
        }

        SortByInsertion(items[first..last]);
    }

    /// <summary>Moves a median to the front and divides the rest: what is not after it, then what is not before it.</summary>
    /// <returns>Where in the rest the second part begins.</returns>
    private static int Partition(Span<(double Score, int Position)> items)
    {
        var median = Median(items, 1, items.Length / 2, items.Length - 1);
        (items[0], items[median]) = (items[median], items[0]);
        var pivot = items[0];
        var rest = items[1..];
        for (var (low, high) = (0, rest.Length); ; low++)
        {
            while (Before(rest[low], pivot))
            {
                low++;
            }

            for (high--; Before(pivot, rest[high]); high--)
            {
            }

            if (low >= high)
            {
                return low;
            }

            (rest[low], rest[high]) = (rest[high], rest[low]);
        }
    }

    private static int Median(Span<(double Score, int Position)> items, int a, int b, int c)
    {
        if (Before(items[a], items[b]))
        {
            return Before(items[b], items[c]) ? b : Before(items[a], items[c]) ? c : a;
        }

        return Before(items[a], items[c]) ? a : Before(items[b], items[c]) ? c : b;
    }

    private static void SortByInsertion(Span<(double Score, int Position)> items)
    {
        for (var i = 1; i < items.Length; i++)
        {
            var item = items[i];
            var place = i;
            for (; place > 0 && Before(item, items[place - 1]); place--)
            {
                items[place] = items[place - 1];
            }

            items[place] = item;
        }
    }

    /// <summary>Keeps the first items as a heap whose top comes last of them, and lets every later item that comes before the top take its place.</summary>
    private static void SelectByHeap(Span<(double Score, int Position)> items, int count)
    {
        var heap = items[..count];
        for (var parent = (count - 2) / 2; count > 1 && parent >= 0; parent--)
        {
            SiftDown(heap, parent, heap[parent]);
        }

        for (var i = count; i < items.Length; i++)
        {
            if (Before(items[i], heap[0]))
            {
                var item = items[i];
                items[i] = heap[0];
                SiftDown(heap, 0, item);
            }
        }
    }

    /// <summary>Moves the hole to the bottom along the later children, then the item up from there.</summary>
    private static void SiftDown(Span<(double Score, int Position)> heap, int top, (double Score, int Position) item)
    {
        var hole = top;
        for (var child = (2 * hole) + 2; child <= heap.Length; child = (2 * hole) + 2)
        {
            child = child == heap.Length || Before(heap[child], heap[child - 1]) ? child - 1 : child;
            heap[hole] = heap[child];
            hole = child;
        }

        for (var parent = (hole - 1) / 2; hole > top && Before(heap[parent], item); parent = (hole - 1) / 2)
        {
            heap[hole] = heap[parent];
            hole = parent;
        }

        heap[hole] = item;
    }
}

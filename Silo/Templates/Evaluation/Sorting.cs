using XLLM.Silo.Templates.Values;

namespace XLLM.Silo.Templates.Evaluation;

/// <summary>Python's <c>sorted</c>: stable, also in reverse, and an error where two items cannot be compared.</summary>
internal static class Sorting
{
    /// <param name="context">The rendering; every comparison counts.</param>
    /// <param name="items">What to sort.</param>
    /// <param name="keys">What to sort by, one per item.</param>
    /// <param name="isReversed">Largest first; equal items still keep their order.</param>
    public static List<Value> Sort(RenderContext context, IReadOnlyList<Value> items, IReadOnlyList<Value> keys, bool isReversed)
    {
        var order = Enumerable.Range(0, items.Count).ToArray();
        var buffer = new int[order.Length];
        for (var width = 1; width < order.Length; width *= 2)
        {
            for (var begin = 0; begin + width < order.Length; begin += 2 * width)
            {
                Merge(begin, begin + width, Math.Min(begin + (2 * width), order.Length));
            }
        }

        return [.. order.Select(index => items[index])];

        void Merge(int begin, int middle, int end)
        {
            order.AsSpan(begin, end - begin).CopyTo(buffer.AsSpan(begin));
            for (var (to, left, right) = (begin, begin, middle); to < end; to++)
            {
                var takeRight = left == middle || (right < end && Precedes(keys[buffer[right]], keys[buffer[left]]));
                order[to] = takeRight ? buffer[right++] : buffer[left++];
            }
        }

        bool Precedes(Value first, Value second) => isReversed ? Comparisons.IsLess(context, second, first) : Comparisons.IsLess(context, first, second);
    }
}

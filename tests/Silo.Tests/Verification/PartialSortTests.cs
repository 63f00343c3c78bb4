using XLLM.Silo.Hosting.Verification;

namespace XLLM.Silo.Tests.Verification;

public sealed class PartialSortTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void PutGreatestFirst_LeavesTheGreatestScoresInFront_AndLosesNone(int seed)
    {
        // Many equal scores, ascending and descending runs, and both ways to the greatest: few of many go through the heap.
        var random = new Random(seed);
        for (var round = 0; round < 500; round++)
        {
            var items = Enumerable.Range(0, random.Next(1, 400)).Select(i => (Score: (double)(round % 3 == 0 ? i : round % 3 == 1 ? -i : random.Next(8)), Position: i)).ToArray();
            var count = random.Next(4) == 0 ? random.Next(1, Math.Max(2, items.Length / 64)) : random.Next(1, items.Length + 1);
            var sorted = items.ToArray();

            PartialSort.PutGreatestFirst(sorted, count);

            Assert.Equal(items.Select(item => item.Score).OrderDescending().Take(count), sorted.Take(count).Select(item => item.Score).OrderDescending());
            Assert.Equal(items.Order(), sorted.Order());
        }
    }

    /// <summary>What C++'s std::nth_element of GNU libstdc++ leaves in front, written down from a run of it.</summary>
    [Theory]
    [InlineData(new[] { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }, 3, new[] { 6, 7, 8 })]
    [InlineData(new[] { 1, 0, 2, 0, 0, 1, 0, 2, 0, 0, 0, 1 }, 6, new[] { 0, 2, 5, 7, 9, 11 })]
    [InlineData(new[] { 0, 3, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0 }, 8, new[] { 1, 6, 12, 13, 14, 17, 18, 19 })]
    public void PutGreatestFirst_TakesTheSameOfEquals_AsTheReferencesLibrary(int[] scores, int count, int[] expected)
    {
        var items = scores.Select((score, position) => ((double)score, position)).ToArray();

        PartialSort.PutGreatestFirst(items, count);

        Assert.Equal(expected, items.Take(count).Select(item => item.position).Order());
    }

    /// <summary>As above, for the few greatest of many: std::partial_sort.</summary>
    [Fact]
    public void PutGreatestFirst_TakesTheSameOfEquals_AsTheReferencesHeap()
    {
        var items = Enumerable.Range(0, 200).Select(i => ((double)(i % 5), i)).ToArray();

        PartialSort.PutGreatestFirst(items, 3);

        Assert.Equal([4, 9, 14], items.Take(3).Select(item => item.i).Order());
    }
}

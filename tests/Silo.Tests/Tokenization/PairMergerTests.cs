using XLLM.Silo.Tokenization;

namespace XLLM.Silo.Tests.Tokenization;

public sealed class PairMergerTests
{
    [Fact]
    public void BothWaysOfMerging_Agree_OnRandomMergesAndWords()
    {
        var random = new Random(6);
        for (var round = 0; round < 3000; round++)
        {
            var letters = random.Next(1, 5);
            var count = random.Next(1, 40);
            var merges = new MergeTable(count);
            for (var rank = 0; rank < count; rank++)
            {
                merges.Add(random.Next(letters + rank), random.Next(letters + rank), rank, letters + rank);
            }

            var word = Enumerable.Range(0, random.Next(1, 200)).Select(_ => random.Next(letters)).ToArray();
            int[] scanned = [.. word], heaped = [.. word];

            var scannedCount = PairMerger.MergeByScanning(merges, scanned);
            var heapedCount = PairMerger.MergeByHeap(merges, heaped);
            Assert.Equal(scanned[..scannedCount], heaped[..heapedCount]);

            // Nothing is left to merge.
            for (var i = 0; i + 1 < scannedCount; i++)
            {
                Assert.Equal(int.MaxValue, merges.Find(scanned[i], scanned[i + 1], out _));
            }
        }
    }

    [Fact]
    public void Find_TellsEveryAddedPair_AndNoOther()
    {
        var random = new Random(7);
        var expected = new Dictionary<(int, int), (int Rank, int Product)>();
        var merges = new MergeTable(5000);
        for (var rank = 0; rank < 5000; rank++)
        {
            var (left, right) = (random.Next(300), random.Next(300));
            expected[(left, right)] = (rank, random.Next());
            merges.Add(left, right, rank, expected[(left, right)].Product);
        }

        Assert.Equal(expected.Count, merges.Count);
        for (var left = 0; left < 300; left++)
        {
            for (var right = 0; right < 300; right++)
            {
                var found = merges.Find(left, right, out var product);
                Assert.Equal(expected.TryGetValue((left, right), out var merge) ? merge : (int.MaxValue, -1), (found, product));
            }
        }
    }
}

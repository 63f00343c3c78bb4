using XLLM.Grains.Interfaces.Routing;
using XLLM.Grains.KvStore;
using XLLM.Grains.Ports;

namespace XLLM.Grains.Tests.KvStore;

public sealed class StoredRunsTests
{
    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 10)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void AnyHistory_KeepsTheBudget_AndFindsOnlyWhatIsWritten(int seed)
    {
        var random = new Random(seed);
        var runs = new StoredRuns { MostBytes = random.Next(200, 1000) };
        var groups = 1 + (seed % 2);
        var written = new Dictionary<PrefixHash, StoredRun>();
        var reserved = new Dictionary<PrefixHash, StoredRun>();
        for (var step = 0; step < 2000; step++)
        {
            var first = random.Next(40);
            var blocks = Enumerable.Range(first, random.Next(1, 6)).ToArray();
            var run = new StoredRun(
                new PrefixHash(9, (ulong)step),
                [.. blocks.SelectMany(block => Enumerable.Repeat(Hash(block), groups))],
                [.. blocks.SelectMany(_ => Enumerable.Range(0, groups).Select(group => (byte)group))],
                [.. blocks.SelectMany(_ => Enumerable.Range(0, groups).Select(_ => random.Next(1, 60)))]);
            switch (random.Next(6))
            {
                case 0 when written.Count > 0:
                    var gone = written.Keys.ElementAt(random.Next(written.Count));
                    Assert.True(runs.Remove(gone));
                    written.Remove(gone);
                    break;

                case 1 when reserved.Count > 0:
                    var done = reserved.First();
                    reserved.Remove(done.Key);
                    Assert.True(runs.Confirm(done.Key));
                    written.Add(done.Key, done.Value);
                    break;

                case 2:
                    var restored = new StoredRuns { MostBytes = runs.MostBytes };
                    restored.Restore(runs.Runs.OrderBy(_ => random.Next()).ToArray());
                    Assert.Equal((runs.Count, runs.Blocks, runs.Bytes), (restored.Count, restored.Blocks, restored.Bytes));
                    break;

                default:
                    if (runs.Missing(run) is { } missing)
                    {
                        Assert.All(missing.Hashes.Zip(missing.Groups), block => Assert.DoesNotContain(block, Places(written).Concat(Places(reserved))));
                        foreach (var evicted in runs.Add(missing))
                        {
                            Assert.True(written.Remove(evicted.Id) | reserved.Remove(evicted.Id));
                            Assert.False(runs.Confirm(evicted.Id));
                        }

                        reserved.Add(missing.Id, missing);
                    }

                    break;
            }

            var all = written.Values.Concat(reserved.Values).ToArray();
            Assert.Equal((all.Length, all.Sum(kept => kept.TotalBytes)), (runs.Count, runs.Bytes));
            Assert.True(runs.Bytes <= runs.MostBytes);

            var start = random.Next(30);
            var asked = Enumerable.Range(start, 12).Select(Hash).ToArray();
            var known = Places(written).ToHashSet();
            var leading = asked.TakeWhile(hash => Enumerable.Range(0, groups).All(group => known.Contains((hash, (byte)group)))).ToArray();
            var found = runs.Find(asked, groups);
            var covered = found.SelectMany(kept => kept.Hashes.Zip(kept.Groups)).ToHashSet();
            Assert.All(found, kept => Assert.Contains(kept.Id, written.Keys));
            Assert.All(leading, hash => Assert.Contains((hash, (byte)0), covered));
        }
    }

    [Fact]
    public void WhatWasUsed_OutlivesWhatWasNot()
    {
        var runs = new StoredRuns { MostBytes = 30 };
        foreach (var i in new[] { 0, 1, 2 })
        {
            runs.Add(runs.Missing(Run(i))!);
            runs.Confirm(Run(i).Id);
        }

        runs.Find([Hash(0)], 1);
        Assert.Equal([Run(1).Id], runs.Add(runs.Missing(Run(3))!).Select(run => run.Id));

        static StoredRun Run(int i) => new(new PrefixHash(9, (ulong)i), [Hash(i)], [0], [10]);
    }

    private static PrefixHash Hash(int block) => new(1, (ulong)block);

    private static IEnumerable<(PrefixHash, byte)> Places(Dictionary<PrefixHash, StoredRun> runs) => runs.Values.SelectMany(run => run.Hashes.Zip(run.Groups));
}

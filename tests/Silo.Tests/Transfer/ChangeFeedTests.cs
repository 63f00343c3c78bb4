using XLLM.Grains.Interfaces.Routing;
using XLLM.Grains.Ports;
using XLLM.Silo.KvCache;
using XLLM.Silo.Transfer;

namespace XLLM.Silo.Tests.Transfer;

public sealed class ChangeFeedTests
{
    [Fact]
    public async Task ARing_WithTwoThreads_LosesNothing_OrTellsEverythingAnew()
    {
        var ring = new ChangeRing(64);
        var random = new Random(3);
        var stored = new HashSet<PrefixHash>();
        var done = false;
        var writer = Task.Run(
            () =>
            {
                for (var i = 0; i < 200_000; i++)
                {
                    var hash = new PrefixHash(0, (ulong)random.Next(500));
                    var isStored = stored.Add(hash) || !stored.Remove(hash);
                    ring.Write(hash, isStored);
                    if (ring.WantsRestart)
                    {
                        ring.Restart([.. stored]);
                    }
                }

                Volatile.Write(ref done, true);
            },
            TestContext.Current.CancellationToken);

        var seen = new HashSet<PrefixHash>();
        while (!Volatile.Read(ref done))
        {
            Read();
        }

        await writer;
        for (var i = 0; i < 3; i++)
        {
            Read();
            if (ring.WantsRestart)
            {
                ring.Restart([.. stored]);
            }
        }

        Assert.True(ring.Overflows > 0);
        Assert.Equal(stored.OrderBy(hash => hash.Low), seen.OrderBy(hash => hash.Low));

        void Read()
        {
            var changes = new List<(PrefixHash Hash, bool IsStored)>();
            if (ring.Read(changes) is { } whole)
            {
                seen = [.. whole];
            }

            foreach (var (hash, isStored) in changes)
            {
                _ = isStored ? seen.Add(hash) : seen.Remove(hash);
            }
        }
    }

    [Fact]
    public void AFeed_TellsWhereABlockIs_OncePerReading()
    {
        var feed = new KvChangeFeed();
        feed.Device(Name(1), true);
        feed.Device(Name(2), true);
        feed.Host(Name(1), true);
        feed.Device(new KvBlockName(Name(9).Hash, 1), true);      // another group of layers

        var first = feed.Take();
        feed.Device(Name(1), false);
        feed.Device(Name(2), false);
        var second = feed.Take();

        Assert.False(first.IsComplete);
        Assert.Equal([(1UL, PrefixTiers.Device | PrefixTiers.Host), (2UL, PrefixTiers.Device)], Sorted(first));
        Assert.Equal([(1UL, PrefixTiers.Host), (2UL, PrefixTiers.None)], Sorted(second));
        Assert.Empty(feed.Take().Changes);
    }

    [Fact]
    public void AFeed_ThatOverflowed_TellsEverything_AfterTheLoopWasWoken()
    {
        var blocks = new KvBlockManager([new FullAttentionRule()], 8, 4);
        var feed = new KvChangeFeed();
        var woken = 0;
        feed.Wake = () => woken++;
        for (var i = 0; i < 70_000; i++)
        {
            feed.Device(Name(i), true);
        }

        feed.Host(Name(3), true);
        var chain = new PrefixChain(PrefixHash.Root("m", null), 4);
        chain.Extend([1, 2, 3, 4, 5, 6, 7, 8]);
        var tables = blocks.CreateTables();
        Assert.True(blocks.TryAdmit(tables, chain, 0, 8));
        blocks.Commit(tables, chain, 8);

        feed.Take();
        Assert.Equal(1, woken);
        feed.Poll(blocks);
        feed.Device(Name(4), true);
        var whole = feed.Take();

        Assert.True(whole.IsComplete);
        Assert.Equal(
            chain.Hashes.ToArray().Append(Name(3).Hash).Append(Name(4).Hash).OrderBy(hash => hash.Low),
            whole.Changes.Select(change => change.Hash).OrderBy(hash => hash.Low));
    }

    private static (ulong, PrefixTiers)[] Sorted(PrefixChanges changes) => [.. changes.Changes.Select(change => (change.Hash.Low, change.Tiers)).Order()];

    private static KvBlockName Name(int number) => new(new PrefixHash(7, (ulong)number), 0);
}

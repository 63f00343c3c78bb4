using XLLM.Silo.Vision;

namespace XLLM.Silo.Tests.Vision;

public sealed class RecentlyUsedTests
{
    [Fact]
    public void TheValueUsedLongestAgo_GoesFirst()
    {
        var cache = new RecentlyUsed<string, byte[]>(10, value => value.Length);
        cache.Add("a", new byte[4]);
        cache.Add("b", new byte[4]);
        Assert.True(cache.TryGet("a", out _));

        cache.Add("c", new byte[4]);

        Assert.True(cache.TryGet("a", out _));
        Assert.False(cache.TryGet("b", out _));
        Assert.Equal(8, cache.Bytes);
    }

    [Fact]
    public void AValueOfTheSameKey_TakesItsPlace_AndATakenOneIsGone()
    {
        var cache = new RecentlyUsed<string, byte[]>(10, value => value.Length);
        cache.Add("a", new byte[4]);
        cache.Add("a", new byte[6]);
        Assert.Equal(6, cache.Bytes);

        Assert.True(cache.TryTake("a", out var taken));

        Assert.Equal((6, 0L), (taken.Length, cache.Bytes));
        Assert.False(cache.TryTake("a", out _));
    }

    [Fact]
    public void AValueAboveTheBudget_IsNotKept_AndDropsNothing()
    {
        var cache = new RecentlyUsed<string, byte[]>(10, value => value.Length);
        cache.Add("a", new byte[10]);
        cache.Add("b", new byte[11]);

        Assert.True(cache.TryGet("a", out _));
        Assert.False(cache.TryGet("b", out _));
    }

    [Fact]
    public async Task FromManyThreads_TheBytesStayWithinTheBudget()
    {
        var cache = new RecentlyUsed<int, byte[]>(100, value => value.Length);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(thread => Task.Run(() =>
        {
            var random = new Random(thread);
            for (var i = 0; i < 2000; i++)
            {
                cache.Add(random.Next(40), new byte[random.Next(1, 30)]);
                cache.TryGet(random.Next(40), out _);
                cache.TryTake(random.Next(40), out _);
                Assert.InRange(cache.Bytes, 0, 100);
            }
        })));
    }
}

using XLLM.Silo.KvCache;

namespace XLLM.Silo.Tests.KvCache;

public sealed class LeastRecentlyUsedTests
{
    [Fact]
    public void TryTake_GivesTheOldestFirst_AndNothingWhenEmpty()
    {
        var order = new LeastRecentlyUsed(4);
        order.Add(new(2));
        order.Add(new(0));
        order.Add(new(3));
        order.Remove(new(0));
        order.Add(new(0));

        Assert.Equal([2, 3, 0], Enumerable.Range(0, 3).Select(_ => order.TryTake(out var block) ? block.Value : -1));
        Assert.False(order.TryTake(out _));
        Assert.Equal(0, order.Count);
    }

    [Fact]
    public void AddAndRemove_RefuseABlockInTheWrongState()
    {
        var order = new LeastRecentlyUsed(2);
        order.Add(new(1));

        Assert.Throws<InvalidOperationException>(() => order.Add(new(1)));
        Assert.Throws<InvalidOperationException>(() => order.Remove(new(0)));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Order_IsThatOfAPlainList_ForAnyHistory(int seed)
    {
        var random = new Random(seed);
        var order = new LeastRecentlyUsed(20);
        var plain = new List<int>();
        for (var i = 0; i < 5000; i++)
        {
            var block = random.Next(20);
            if (!plain.Contains(block))
            {
                order.Add(new(block));
                plain.Add(block);
            }
            else if (random.Next(2) == 0)
            {
                order.Remove(new(block));
                plain.Remove(block);
            }
            else
            {
                Assert.True(order.TryTake(out var oldest));
                Assert.Equal(plain[0], oldest.Value);
                plain.RemoveAt(0);
            }

            Assert.Equal(plain.Count, order.Count);
        }
    }
}

using XLLM.Grains.Interfaces.Routing;
using XLLM.Silo.KvCache;
using XLLM.Silo.Transfer;

namespace XLLM.Silo.Tests.Transfer;

public sealed class PrefixLoadTests
{
    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 8)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void AnyOrderOfBlocks_CountsTheLeadingOnesOfAllGroups_AndGivesAllMemoryBack(int seed)
    {
        var random = new Random(seed);
        var (count, groups) = (random.Next(1, 20), random.Next(1, 4));
        using var memory = new HostMemory(64, 1 << 20);
        var load = new PrefixLoad(random.Next(10), new PrefixHash[count], groups);
        var places = Enumerable.Range(0, count * groups).ToArray();
        random.Shuffle(places);
        var come = places[..random.Next(places.Length + 1)].ToHashSet();
        foreach (var place in places.Where(come.Contains))
        {
            Assert.True(memory.TryRent(out var block));
            block.Payload.Fill((byte)place);
            Assert.True(load.TryPut(place / groups, place % groups, block));
            Assert.False(load.TryPut(place / groups, place % groups, block));
        }

        var expected = Enumerable.Range(0, count).TakeWhile(i => Enumerable.Range(0, groups).All(group => come.Contains((i * groups) + group))).Count();
        Assert.Equal(expected, load.Close());
        Assert.True(memory.TryRent(out var late));
        Assert.False(load.TryPut(count - 1, groups - 1, late));
        late.Release();
        for (var i = 0; i < expected; i++)
        {
            var taken = load.Take(i, groups - 1);
            Assert.Equal((byte)((i * groups) + groups - 1), taken.Payload[0]);
            taken.Release();
        }

        load.Discard();
        Assert.Equal(0, memory.LentBytes);
    }

    [Fact]
    public async Task ALoaderThatRacesTheLoop_LosesNoMemory()
    {
        using var memory = new HostMemory(64, 1 << 20);
        for (var round = 0; round < 300; round++)
        {
            var load = new PrefixLoad(0, new PrefixHash[16], 1);
            var loading = Task.Run(
                () =>
                {
                    for (var i = 0; i < 16 && !load.IsClosed; i++)
                    {
                        Assert.True(memory.TryRent(out var block));
                        if (!load.TryPut(i, 0, block))
                        {
                            block.Release();
                        }
                    }

                    load.Finish();
                },
                TestContext.Current.CancellationToken);
            for (var i = load.Close() - 1; i >= 0; i -= 2)
            {
                load.Take(i, 0).Release();
            }

            load.Discard();
            await loading;
            Assert.True(load.IsDone);
        }

        Assert.Equal(0, memory.LentBytes);
    }
}

using XLLM.Grains.Interfaces.Routing;
using XLLM.Silo.KvCache;
using XLLM.Silo.Transfer;

namespace XLLM.Silo.Tests.Transfer;

public sealed class HostTierTests
{
    private const int BlockBytes = 128;
    private const int Total = BlockBytes + HostBlock.HeaderBytes;

    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 8)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void AnyHistory_GivesAllMemoryBack(int seed)
    {
        var random = new Random(seed);
        using var memory = new HostMemory(BlockBytes, 20 * Total);
        var tier = new HostTier(10 * Total);
        var held = new List<(KvBlockName Name, HostBlock Block)>();
        var evicted = new List<(KvBlockName Name, HostBlock Block)>();
        for (var step = 0; step < 3000; step++)
        {
            var name = Name(random.Next(30));
            switch (random.Next(5))
            {
                case 0 when tier.TryExpect(name):
                    Assert.True(tier.HasOrExpects(name));
                    Assert.False(tier.TryExpect(name));
                    if (random.Next(3) == 0)
                    {
                        tier.Unexpect(name);
                    }

                    break;

                case 1 or 2:
                    if (memory.TryRent(random.Next(4) == 0 ? random.Next(1, BlockBytes) : BlockBytes, out var block))
                    {
                        block.Bytes.Fill((byte)name.Hash.Low);
                        evicted.Clear();
                        if (!tier.TryAdd(name, block, evicted))
                        {
                            block.Release();
                        }

                        evicted.ForEach(gone => gone.Block.Release());
                    }

                    break;

                case 3 when tier.TryTake(name, out var taken):
                    held.Add((name, taken));
                    break;

                default:
                    if (held.Count > 0)
                    {
                        // Bytes stay what they are while somebody holds them, whatever the tier has done meanwhile.
                        var last = held[^1];
                        Assert.False(last.Block.Bytes.ContainsAnyExcept((byte)last.Name.Hash.Low));
                        last.Block.Release();
                        held.RemoveAt(held.Count - 1);
                    }
                    else
                    {
                        tier.Remove(name);
                    }

                    break;
            }

            Assert.True(tier.Size.Bytes <= 10 * Total);
            Assert.True(memory.LentBytes <= 20 * Total);
        }

        held.ForEach(entry => entry.Block.Release());
        Assert.Equal(tier.Size.Bytes, memory.LentBytes);
        tier.Clear();
        Assert.Equal(0, memory.LentBytes);
    }

    [Fact]
    public void Rent_RefusesWhatIsOverTheBound_AndGivesWhatCameBack()
    {
        using var memory = new HostMemory(BlockBytes, 2 * Total);
        Assert.True(memory.TryRent(out var first));
        Assert.True(memory.TryRent(out _));
        Assert.False(memory.TryRent(1, out _));
        first.Release();
        Assert.True(memory.TryRent(1, out var small));
        Assert.Equal(Total + HostBlock.HeaderBytes + 1, memory.LentBytes);
        Assert.Throws<InvalidOperationException>(() =>
        {
            small.Release();
            small.Release();
        });
    }

    [Fact]
    public async Task WhenKnown_TellsBothOutcomes()
    {
        using var memory = new HostMemory(BlockBytes, 4 * Total);
        var tier = new HostTier(4 * Total);
        var (comes, never) = (tier.WhenKnown(Name(1)), tier.WhenKnown(Name(2)));
        Assert.True(memory.TryRent(out var block));

        Assert.True(tier.TryAdd(Name(1), block, []));
        tier.Unexpect(Name(2));

        Assert.Equal((true, false, true), (await comes, await never, await tier.WhenKnown(Name(1))));
        tier.Clear();
    }

    private static KvBlockName Name(int number) => new(new PrefixHash(7, (ulong)number), 0);
}

using XLLM.Silo.Execution;

namespace XLLM.Silo.Tests.Execution;

public sealed class KvPoolSizingTests
{
    private static readonly KvPoolWish Wish = new()
    {
        BytesPerBlock = 1 << 20,
        BlockTokens = 16,
        ModelContext = 4096,
        MaxRunningSequences = 64,
        MemoryFraction = 0.25,
        AvailableBytes = 8L << 30,
    };

    [Fact]
    public void Size_TakesItsPartOfTheMemory() => Assert.Equal(new KvPoolSize(2048, 2L << 30, 4096), KvPoolSizing.Size(Wish));

    [Fact]
    public void Size_TakesNoMoreThanAllRunningSequencesCouldUse_UnlessTold()
    {
        Assert.Equal(512, KvPoolSizing.Size(Wish with { MaxRunningSequences = 2 }).Blocks);
        Assert.Equal(3000, KvPoolSizing.Size(Wish with { MaxRunningSequences = 2, MemoryBytes = 3000L << 20 }).Blocks);
    }

    [Fact]
    public void Size_ShortensTheContext_ToWhatFits() =>
        Assert.Equal(new KvPoolSize(100, 100L << 20, 1600), KvPoolSizing.Size(Wish with { MemoryBytes = (100L << 20) + 5 }));

    [Fact]
    public void Size_RefusesAContextThatWasAskedForAndDoesNotFit()
    {
        var message = Assert.Throws<KvPoolException>(() => KvPoolSizing.Size(Wish with { MemoryBytes = 100L << 20, MaxContext = 2000 })).Message;

        Assert.Equal(
            "KV cache: 100 MiB hold 1600 tokens (100 blocks of 16 tokens, 1048576 bytes each), but 2000 tokens are needed; "
            + "give it at least 125 MiB (KvMemoryBytes or KvMemoryFraction), keys and values of half the size (KvType BF16), or a context of at most 1600 tokens",
            message);
    }

    [Fact]
    public void Size_RefusesTooLittleForAnyUse()
    {
        Assert.Contains("256 tokens are needed", Assert.Throws<KvPoolException>(() => KvPoolSizing.Size(Wish with { MemoryBytes = 5 << 20 })).Message, StringComparison.Ordinal);
        Assert.Equal(80, KvPoolSizing.Size(Wish with { MemoryBytes = 5 << 20, ModelContext = 80 }).MaxContext);
    }

    [Fact]
    public void Size_LeavesRoomForARecurrentState()
    {
        Assert.Equal(80 * 16, KvPoolSizing.Size(Wish with { MemoryBytes = 100L << 20, StateBlocks = 20 }).MaxContext);
        Assert.Equal(2 * (256 + 20), KvPoolSizing.Size(Wish with { MaxRunningSequences = 2, StateBlocks = 20 }).Blocks);
        Assert.Contains(
            "hold 0 tokens (5 blocks of 16 tokens, 1048576 bytes each, 20 of them the recurrent state of a sequence), but 256 tokens are needed; give it at least 36 MiB",
            Assert.Throws<KvPoolException>(() => KvPoolSizing.Size(Wish with { MemoryBytes = 5 << 20, StateBlocks = 20 })).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Size_NeverNumbersMoreSlotsThanAnIntHolds() =>
        Assert.Equal(int.MaxValue / 16, KvPoolSizing.Size(Wish with { BytesPerBlock = 1, MemoryBytes = long.MaxValue }).Blocks);
}

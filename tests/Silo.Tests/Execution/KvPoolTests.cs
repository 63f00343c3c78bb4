using XLLM.NativeBackends.Ops;
using XLLM.NativeBackends.Reference;
using XLLM.Silo.Execution;
using XLLM.Silo.Models;

namespace XLLM.Silo.Tests.Execution;

public sealed class KvPoolTests
{
    private static readonly KvLayout Layout = new([new KvGroup(KvGroupKind.FullAttention, [0, 1, 2], KvHeads: 2, HeadSize: 8)]);

    [Fact]
    public void Blocks_FollowEachOther_AndLayersPointIntoThem()
    {
        using var backend = new ReferenceBackend();
        using var pool = new KvPool(backend, Layout, DType.BF16, blockTokens: 16, blocks: 5);

        Assert.Equal(3 * 2 * 2 * 16 * 8 * 2, pool.BytesPerBlock);
        Assert.Equal(pool.Layers[0].Pool, pool.AddressOf(0));
        Assert.Equal(pool.BytesPerBlock, pool.AddressOf(4) - pool.AddressOf(3));
        Assert.All(pool.Layers, layer => Assert.Equal(pool.BytesPerBlock, layer.BlockStride));

        var bytes = new byte[pool.BytesPerBlock];
        new Random(1).NextBytes(bytes);
        backend.Upload(bytes, pool.AddressOf(4));               // the last block is there to its last byte
        var back = new byte[bytes.Length];
        backend.Download(pool.AddressOf(4), back);
        Assert.Equal(bytes, back);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(5)]
    public void AddressOf_RefusesBlocksThatAreNotThere(int block)
    {
        using var backend = new ReferenceBackend();
        using var pool = new KvPool(backend, Layout, DType.F32, blockTokens: 16, blocks: 5);

        Assert.Throws<ArgumentOutOfRangeException>(() => pool.AddressOf(block));
    }

    [Fact]
    public void Constructor_RefusesMoreSlotsThanAnIntCanNumber()
    {
        using var backend = new ReferenceBackend();

        var exception = Assert.Throws<ArgumentException>(() => new KvPool(backend, Layout, DType.F32, blockTokens: 1 << 16, blocks: 1 << 16));

        Assert.Contains("65536 blocks of 65536 tokens", exception.Message, StringComparison.Ordinal);
    }
}

using XLLM.NativeBackends.Ops;
using XLLM.Silo.Models;

namespace XLLM.Silo.Execution;

/// <summary>The device's KV blocks: one range of backend memory, cut into blocks of one size. Who holds which block is not decided here.</summary>
internal sealed class KvPool : IDisposable
{
    private readonly DeviceMemory _memory;

    /// <param name="backend">Owner of the memory.</param>
    /// <param name="layout">What the model's layers keep.</param>
    /// <param name="dtype">Element type of keys and values: F32, BF16 or I8.</param>
    /// <param name="blockTokens">Tokens of one KV block, at least 1.</param>
    /// <param name="blocks">Number of KV blocks, at least 1; slots (block * blockTokens + offset) must fit an int.</param>
    /// <exception cref="OpException">The backend has not that much memory.</exception>
    public KvPool(IBackend backend, KvLayout layout, DType dtype, int blockTokens, int blocks)
    {
        Geometry = new KvGeometry(layout, dtype, blockTokens);
        ArgumentOutOfRangeException.ThrowIfLessThan(blocks, 1);
        if ((long)blocks * blockTokens > int.MaxValue)
        {
            throw new ArgumentException($"{blocks} blocks of {blockTokens} tokens are more slots than an int can number ({int.MaxValue})", nameof(blocks));
        }

        Blocks = blocks;
        _memory = backend.Allocate(Geometry.BytesPerBlock * blocks);
        Layers = Geometry.LayersAt(_memory.Address);
        States = Geometry.StatesAt(_memory.Address);
    }

    /// <summary>Where things lie inside a block.</summary>
    public KvGeometry Geometry { get; }

    /// <summary>Number of KV blocks; their ids are 0 to this, exclusive.</summary>
    public int Blocks { get; }

    /// <summary>Tokens of one KV block.</summary>
    public int BlockTokens => Geometry.BlockTokens;

    /// <summary>Bytes of one KV block, all layers.</summary>
    public long BytesPerBlock => Geometry.BytesPerBlock;

    /// <summary>By model layer: where its keys and values are; for <see cref="ForwardBatch.Kv"/>.</summary>
    public IReadOnlyList<KvLayer> Layers { get; }

    /// <summary>By model layer: where its recurrent state is; for <see cref="ForwardBatch.States"/>.</summary>
    public IReadOnlyList<StateLayer> States { get; }

    /// <summary>Address of a block in the backend's memory; the block has <see cref="BytesPerBlock"/> bytes.</summary>
    /// <exception cref="ArgumentOutOfRangeException">No such block.</exception>
    public nint AddressOf(int block)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(block);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(block, Blocks);
        return _memory.Address + (nint)(block * BytesPerBlock);
    }

    /// <inheritdoc/>
    public void Dispose() => _memory.Dispose();
}

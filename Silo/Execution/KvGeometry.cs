using XLLM.NativeBackends.Ops;
using XLLM.Silo.Models;

namespace XLLM.Silo.Execution;

/// <summary>Where the layers' keys and values lie inside a KV block: arithmetic alone, so that a pool can be sized before it is allocated.</summary>
/// <remarks>
/// A KV block is lent to one group at a time and holds all layers of that group, one after the other: the layer's keys, then its values,
/// or its latent vectors, then its index keys.
/// All groups share one size of block (the largest group's), so one free list serves them all. A recurrent state takes several blocks: KvGeometry.States.cs.
/// </remarks>
internal sealed partial class KvGeometry
{
    /// <summary>Every layer's keys and values start at a multiple of this: a cache line, and an AVX-512 register.</summary>
    private const int Alignment = 64;

    private readonly (int KvHeads, int HeadSize, long Keys, long Values)[] _places;

    /// <param name="layout">What the layers keep.</param>
    /// <param name="dtype">Element type of keys and values: F32, BF16 or I8.</param>
    /// <param name="blockTokens">Tokens of one KV block, at least 1.</param>
    /// <exception cref="ArgumentException">A layer is in no group or in two, or a number is out of its range; the message names it.</exception>
    public KvGeometry(KvLayout layout, DType dtype, int blockTokens)
    {
        if (dtype is not (DType.F32 or DType.BF16 or DType.I8))
        {
            throw new ArgumentException($"keys and values are kept as F32, BF16 or I8, not {dtype}", nameof(dtype));
        }

        ArgumentOutOfRangeException.ThrowIfLessThan(blockTokens, 1);
        DType = dtype;
        BlockTokens = blockTokens;
        var layers = layout.Groups.Sum(group => group.Layers.Count);
        _places = new (int, int, long, long)[layers];
        foreach (var group in layout.Groups.Where(group => group.State is null))
        {
            BytesPerBlock = Math.Max(BytesPerBlock, Place(group));
        }

        _states = PlaceStates(layout, layers);
    }

    /// <summary>Element type of keys and values.</summary>
    public DType DType { get; }

    /// <summary>Tokens of one KV block.</summary>
    public int BlockTokens { get; }

    /// <summary>Bytes of one KV block: all layers of the largest group, and at least one matrix of a recurrent state; a multiple of 64.</summary>
    public long BytesPerBlock { get; private set; }

    /// <summary>By model layer: its place in a pool that starts at <paramref name="pool"/>.</summary>
    public IReadOnlyList<KvLayer> LayersAt(nint pool) =>
        [.. _places.Select(place => new KvLayer(pool, DType, BlockTokens, place.KvHeads, place.HeadSize, BytesPerBlock, place.Keys, place.Values))];

    private long Place(KvGroup group)
    {
        if (group.KvHeads < 1 || group.HeadSize < 1)
        {
            throw new ArgumentException($"a group of layers needs heads and columns: it has {group.KvHeads} KV heads of {group.HeadSize} columns");
        }

        var bytes = Align(group.KvHeads * BlockTokens * KvLayer.VectorBytes(DType, group.HeadSize));
        var next = 0L;
        foreach (var layer in group.Layers)
        {
            if (layer < 0 || layer >= _places.Length)
            {
                throw new ArgumentException($"layer {layer} is not one of the model's {_places.Length} layers with keys and values");
            }

            if (_places[layer].KvHeads != 0)
            {
                throw new ArgumentException($"layer {layer} is named twice; a layer is in one group");
            }

            _places[layer] = (group.KvHeads, group.HeadSize, next, next + bytes);
            next += bytes + BytesAfterKeys(group, layer, bytes);
        }

        return next;
    }

    /// <summary>Values are as large as keys; a latent vector is key and value in one, and only index keys may follow it.</summary>
    private long BytesAfterKeys(KvGroup group, int layer, long keys)
    {
        if (group.Kind != KvGroupKind.Latent)
        {
            return keys;
        }

        return group.Index is { } index && index.Layers.Contains(layer) ? Align(BlockTokens * KvLayer.VectorBytes(DType, index.Columns)) : 0;
    }

    private static long Align(long bytes) => (bytes + Alignment - 1) / Alignment * Alignment;
}

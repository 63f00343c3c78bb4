using XLLM.Grains.Interfaces.Routing;
using XLLM.Grains.Ports;

namespace XLLM.Grains.KvStore;

/// <summary>Knows which runs of a model's KV blocks are stored, and keeps them within their budget. Key: the layout's name.</summary>
[Alias("xllm.kv-directory"), GrainInterfaceType("xllm.kv-directory")]
internal interface IKvDirectoryGrain : IGrainWithStringKey
{
    /// <summary>See <see cref="IKvStore.FindAsync"/>.</summary>
    [Alias("find")]
    Task<StoredRun[]> FindAsync([Immutable] PrefixHash[] hashes, int groups, long mostBytes);

    /// <summary>See <see cref="IKvStore.ReserveAsync"/>.</summary>
    [Alias("reserve")]
    Task<StoredRun?> ReserveAsync(StoredRun run, long mostBytes);

    /// <summary>A reserved run is written: it may be found. If it had to go meanwhile, its pieces are deleted.</summary>
    [Alias("confirm")]
    Task ConfirmAsync(StoredRun run);

    /// <summary>Deletes a run with its pieces.</summary>
    [Alias("forget")]
    Task ForgetAsync(PrefixHash run);

    /// <summary>Deletes all runs with their pieces.</summary>
    [Alias("clear")]
    Task ClearAsync();

    /// <summary>Blocks and bytes stored.</summary>
    [Alias("size")]
    Task<KvStoreSize> GetSizeAsync();
}

/// <summary>How much is stored.</summary>
[GenerateSerializer, Immutable, Alias("xllm.kv-store-size")]
internal readonly record struct KvStoreSize([property: Id(0)] long Blocks, [property: Id(1)] long Bytes);

/// <summary>A part of the directory, as it is stored.</summary>
[GenerateSerializer, Alias("xllm.kv-directory-segment")]
internal sealed class KvDirectorySegment
{
    /// <summary>Its runs.</summary>
    [Id(0)]
    public StoredRun[] Runs { get; set; } = [];
}

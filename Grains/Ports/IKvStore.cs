using XLLM.Grains.Interfaces.Routing;

namespace XLLM.Grains.Ports;

/// <summary>Opens the storage of a model's KV blocks.</summary>
public interface IKvStores
{
    /// <summary>The storage of all blocks with these bytes' meaning. Touches nothing yet, so it may be called before the silo has started.</summary>
    /// <param name="model">Model name. Blocks that were stored under other layouts of it are deleted when nobody has opened those for a week.</param>
    /// <param name="layout">Names all that the bytes depend on beside the tokens; a key that is safe in a grain's name.</param>
    /// <param name="mostBytes">Budget in bytes, over all silos.</param>
    IKvStore Open(string model, string layout, long mostBytes);
}

/// <summary>KV blocks in grain storage, in runs: blocks that were written together are read together. Thread-safe. Any call may fail as grain calls do.</summary>
public interface IKvStore
{
    /// <summary>The runs that hold the longest leading part of a prompt, in prompt order.</summary>
    /// <param name="hashes">Hashes of consecutive KV blocks.</param>
    /// <param name="groups">Groups of layers: a block counts if it is there for each.</param>
    Task<StoredRun[]> FindAsync(PrefixHash[] hashes, int groups);

    /// <summary>Makes room for a run: what is stored already is left out, older runs go where the budget asks for it.</summary>
    /// <returns>What to write, or null if there is nothing to.</returns>
    Task<StoredRun?> ReserveAsync(StoredRun run);

    /// <summary>Writes a run that was reserved. From then on it is found.</summary>
    /// <param name="run">Result of <see cref="ReserveAsync"/>.</param>
    /// <param name="bytes">Its blocks, one after the other.</param>
    Task WriteAsync(StoredRun run, ReadOnlyMemory<byte> bytes);

    /// <summary>Reads a run; null if a part of it is missing.</summary>
    Task<byte[]?> ReadAsync(StoredRun run);

    /// <summary>Deletes a run: it is damaged, or gone in part.</summary>
    Task ForgetAsync(StoredRun run);

    /// <summary>Deletes all.</summary>
    Task ClearAsync();

    /// <summary>Blocks and bytes stored.</summary>
    Task<(long Blocks, long Bytes)> GetSizeAsync();
}

/// <summary>KV blocks that are stored together.</summary>
/// <param name="Id">Names the run.</param>
/// <param name="Hashes">By block: its prefix hash.</param>
/// <param name="Groups">By block: its group of layers.</param>
/// <param name="Bytes">By block: its bytes.</param>
/// <param name="LastUse">Number of the use before which it was not used again, counting up; 0 where it was never used.</param>
[GenerateSerializer, Immutable, Alias("xllm.kv-run")]
public sealed record StoredRun(
    [property: Id(0)] PrefixHash Id,
    [property: Id(1)] PrefixHash[] Hashes,
    [property: Id(2)] byte[] Groups,
    [property: Id(3)] int[] Bytes,
    [property: Id(4)] long LastUse = 0)
{
    /// <summary>Bytes of all blocks.</summary>
    public long TotalBytes
    {
        get
        {
            var total = 0L;
            foreach (var bytes in Bytes)
            {
                total += bytes;
            }

            return total;
        }
    }
}

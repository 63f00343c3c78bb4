using XLLM.Grains.Interfaces.Routing;
using XLLM.Grains.Ports;

namespace XLLM.Grains.KvStore;

/// <summary>Opens <see cref="GrainKvStore"/>s.</summary>
internal sealed class GrainKvStores(IGrainFactory grains, TimeProvider clock) : IKvStores
{
    /// <inheritdoc/>
    public IKvStore Open(string model, string layout, long mostBytes) => new GrainKvStore(grains, clock, model, layout, mostBytes);
}

/// <summary>KV blocks behind one directory grain and a grain per piece.</summary>
internal sealed class GrainKvStore(IGrainFactory grains, TimeProvider clock, string model, string layout, long mostBytes) : IKvStore
{
    /// <summary>How often the layout is said to be in use; days are what counts there.</summary>
    private static readonly TimeSpan OpenPeriod = TimeSpan.FromHours(12);

    private long _openedAt;

    private IKvDirectoryGrain Directory => grains.GetGrain<IKvDirectoryGrain>(layout);

    /// <summary>Key of the grain that has a piece.</summary>
    public static string PieceKey(string layout, PrefixHash run, int piece) => $"{layout}/{run}/{piece}";

    /// <inheritdoc/>
    public Task<StoredRun[]> FindAsync(PrefixHash[] hashes, int groups) => Directory.FindAsync(hashes, groups, mostBytes);

    /// <inheritdoc/>
    public async Task<StoredRun?> ReserveAsync(StoredRun run)
    {
        // Before the first block is stored, so that none is under a layout which nobody knows.
        var openedAt = Volatile.Read(ref _openedAt);
        if (openedAt == 0 || clock.GetElapsedTime(openedAt) > OpenPeriod)
        {
            await grains.GetGrain<IKvLayoutsGrain>(model).OpenAsync(layout);
            Volatile.Write(ref _openedAt, clock.GetTimestamp());
        }

        return await Directory.ReserveAsync(run, mostBytes);
    }

    /// <inheritdoc/>
    public async Task WriteAsync(StoredRun run, ReadOnlyMemory<byte> bytes)
    {
        if (bytes.Length != run.TotalBytes)
        {
            throw new ArgumentException($"the run has {run.TotalBytes} bytes, {bytes.Length} were given", nameof(bytes));
        }

        for (var piece = 0; piece < KvPieces.Count(run.TotalBytes); piece++)
        {
            // One at a time: writes of other grains get their turn in between.
            await Piece(run, piece).WriteAsync(new KvPiece(bytes.Slice(piece * KvPieces.MostBytes, KvPieces.Bytes(run.TotalBytes, piece)).ToArray()));
        }

        await Directory.ConfirmAsync(run);
    }

    /// <inheritdoc/>
    public async Task<byte[]?> ReadAsync(StoredRun run)
    {
        var pieces = await Task.WhenAll(Enumerable.Range(0, KvPieces.Count(run.TotalBytes)).Select(piece => Piece(run, piece).ReadAsync()));
        if (pieces is [{ } only] && only.Bytes.Length == run.TotalBytes)
        {
            return only.Bytes;
        }

        var bytes = new byte[run.TotalBytes];
        for (var piece = 0; piece < pieces.Length; piece++)
        {
            if (pieces[piece] is not { } read || read.Bytes.Length != KvPieces.Bytes(run.TotalBytes, piece))
            {
                return null;
            }

            read.Bytes.CopyTo(bytes, piece * KvPieces.MostBytes);
        }

        return bytes;
    }

    /// <inheritdoc/>
    public Task ForgetAsync(StoredRun run) => Directory.ForgetAsync(run.Id);

    /// <inheritdoc/>
    public Task ClearAsync() => Directory.ClearAsync();

    /// <inheritdoc/>
    public async Task<(long Blocks, long Bytes)> GetSizeAsync()
    {
        var size = await Directory.GetSizeAsync();
        return (size.Blocks, size.Bytes);
    }

    private IKvPrefixGrain Piece(StoredRun run, int piece) => grains.GetGrain<IKvPrefixGrain>(PieceKey(layout, run.Id, piece));
}

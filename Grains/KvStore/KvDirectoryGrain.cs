using Microsoft.Extensions.DependencyInjection;
using Orleans.Concurrency;
using Orleans.Storage;
using XLLM.Grains.Interfaces.Routing;
using XLLM.Grains.Ports;

namespace XLLM.Grains.KvStore;

/// <summary>The directory of stored KV blocks: decides in <see cref="StoredRuns"/>, and stores that in segments, so that a change rewrites a small part.</summary>
/// <remarks>
/// Reentrant: a lookup must not wait for a write. Every invariant holds between awaits, since the runs change in one synchronous step each.
/// What may happen when the silo dies is the order of writes: a run is in the stored directory before its pieces are written and until they are deleted, so no piece
/// is ever lost in storage. A run without its pieces is found once, fails to load, and is forgotten; its blocks are computed again.
/// </remarks>
[GrainType("xllm.kv-directory"), Reentrant, KeepAlive]
internal sealed class KvDirectoryGrain([FromKeyedServices(StorageNames.Default)] IGrainStorage storage) : Grain, IKvDirectoryGrain
{
    /// <summary>Segments: 1 GiB of 128 KiB blocks has about 20 runs in each, some KiB.</summary>
    private const int SegmentCount = 64;

    private readonly GrainState<KvDirectorySegment>[] _segments = [.. Enumerable.Range(0, SegmentCount).Select(_ => new GrainState<KvDirectorySegment>(new()))];
    private readonly SemaphoreSlim[] _gates = [.. Enumerable.Range(0, SegmentCount).Select(_ => new SemaphoreSlim(1, 1))];
    private readonly bool[] _dirty = new bool[SegmentCount];
    private readonly StoredRuns _runs = new();

    /// <inheritdoc/>
    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        await Task.WhenAll(Enumerable.Range(0, SegmentCount).Select(segment => storage.ReadStateAsync(Name(segment), this.GetGrainId(), _segments[segment])));
        _runs.Restore(_segments.SelectMany(segment => segment.State?.Runs ?? []));
    }

    /// <inheritdoc/>
    public Task<StoredRun[]> FindAsync(PrefixHash[] hashes, int groups, long mostBytes)
    {
        _runs.MostBytes = mostBytes;
        return Task.FromResult(_runs.Find(hashes, groups));
    }

    /// <inheritdoc/>
    public async Task<StoredRun?> ReserveAsync(StoredRun run, long mostBytes)
    {
        _runs.MostBytes = mostBytes;
        if (_runs.Missing(run) is not { } missing)
        {
            return null;
        }

        var evicted = _runs.Add(missing);
        await DeletePiecesAsync(evicted);
        await SaveAsync([.. evicted.Select(gone => gone.Id), missing.Id]);
        return missing;
    }

    /// <inheritdoc/>
    public Task ConfirmAsync(StoredRun run) => _runs.Confirm(run.Id) ? Task.CompletedTask : DeletePiecesAsync([run]);

    /// <inheritdoc/>
    public async Task ForgetAsync(PrefixHash run)
    {
        if (_runs.Runs.FirstOrDefault(kept => kept.Id == run) is { } found)
        {
            _runs.Remove(run);
            await DeletePiecesAsync([found]);
            await SaveAsync([run]);
        }
    }

    /// <inheritdoc/>
    public async Task ClearAsync()
    {
        StoredRun[] all = [.. _runs.Runs];
        foreach (var run in all)
        {
            _runs.Remove(run.Id);
        }

        await DeletePiecesAsync(all);
        await SaveAsync([.. all.Select(run => run.Id)]);
    }

    /// <inheritdoc/>
    public Task<KvStoreSize> GetSizeAsync() => Task.FromResult(new KvStoreSize(_runs.Blocks, _runs.Bytes));

    private static string Name(int segment) => $"segment-{segment}";

    private static int SegmentOf(PrefixHash run) => (int)(run.Low % SegmentCount);

    private Task DeletePiecesAsync(IEnumerable<StoredRun> runs) => Task.WhenAll(
        from run in runs
        from piece in Enumerable.Range(0, KvPieces.Count(run.TotalBytes))
        select GrainFactory.GetGrain<IKvPrefixGrain>(GrainKvStore.PieceKey(this.GetPrimaryKeyString(), run.Id, piece)).DeleteAsync());

    private async Task SaveAsync(PrefixHash[] changed)
    {
        int[] segments = [.. changed.Select(SegmentOf).Distinct()];
        foreach (var segment in segments)
        {
            _dirty[segment] = true;
        }

        await Task.WhenAll(segments.Select(SaveAsync));
    }

    private async Task SaveAsync(int segment)
    {
        await _gates[segment].WaitAsync();
        try
        {
            if (!_dirty[segment])
            {
                return;     // whoever held the gate has stored this change too
            }

            _dirty[segment] = false;
            _segments[segment].State = new KvDirectorySegment { Runs = [.. _runs.Runs.Where(run => SegmentOf(run.Id) == segment)] };
            await storage.WriteStateAsync(Name(segment), this.GetGrainId(), _segments[segment]);
        }
        catch
        {
            _dirty[segment] = true;
            DeactivateOnIdle();     // what is stored decides: another activation, or this one again, reads it
            throw;
        }
        finally
        {
            _gates[segment].Release();
        }
    }
}

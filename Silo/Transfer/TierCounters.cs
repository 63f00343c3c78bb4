namespace XLLM.Silo.Transfer;

/// <summary>What has happened in one tier since the start. Thread-safe.</summary>
internal sealed class TierCounters
{
    private long _hits;
    private long _misses;
    private long _demotions;
    private long _promotions;
    private long _evictions;
    private long _dropped;
    private long _damaged;
    private long _copied;
    private long _loadTicks;

    /// <summary>Blocks looked for and found.</summary>
    public long Hits => Volatile.Read(ref _hits);

    /// <summary>Blocks looked for and not found.</summary>
    public long Misses => Volatile.Read(ref _misses);

    /// <summary>Blocks that came down.</summary>
    public long Demotions => Volatile.Read(ref _demotions);

    /// <summary>Blocks that went up to the device.</summary>
    public long Promotions => Volatile.Read(ref _promotions);

    /// <summary>Blocks put out for others.</summary>
    public long Evictions => Volatile.Read(ref _evictions);

    /// <summary>Blocks that could not be kept for want of room or time.</summary>
    public long Dropped => Volatile.Read(ref _dropped);

    /// <summary>Blocks that were damaged or foreign.</summary>
    public long Damaged => Volatile.Read(ref _damaged);

    /// <summary>Blocks that came from the replica which routing had named.</summary>
    public long CopiedBlocks => Volatile.Read(ref _copied);

    /// <summary>Time spent loading.</summary>
    public TimeSpan LoadTime => TimeSpan.FromTicks(Volatile.Read(ref _loadTicks));

    /// <summary>A prompt's blocks were looked for.</summary>
    public void Asked(long hits, long misses)
    {
        Interlocked.Add(ref _hits, hits);
        Interlocked.Add(ref _misses, misses);
    }

    /// <summary>A block came down.</summary>
    public void Demoted() => Interlocked.Increment(ref _demotions);

    /// <summary>Blocks went up.</summary>
    public void Promoted(long blocks) => Interlocked.Add(ref _promotions, blocks);

    /// <summary>Blocks were put out.</summary>
    public void Evicted(long blocks) => Interlocked.Add(ref _evictions, blocks);

    /// <summary>Blocks could not be kept.</summary>
    public void Drop(long blocks = 1) => Interlocked.Add(ref _dropped, blocks);

    /// <summary>A block was damaged.</summary>
    public void FoundDamaged() => Interlocked.Increment(ref _damaged);

    /// <summary>A block came from the replica which routing had named.</summary>
    public void Copied() => Interlocked.Increment(ref _copied);

    /// <summary>Blocks were loaded.</summary>
    public void Loaded(TimeSpan elapsed) => Interlocked.Add(ref _loadTicks, elapsed.Ticks);
}

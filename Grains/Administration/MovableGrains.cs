using System.Collections.Concurrent;
using Orleans.Runtime;

namespace XLLM.Grains.Administration;

/// <summary>The movable grains that are active on this silo. Thread-safe; one per silo.</summary>
internal sealed class MovableGrains(IGrainFactory grains)
{
    private readonly ConcurrentDictionary<GrainId, bool> _active = new();

    /// <summary>How many there are.</summary>
    public int Count => _active.Count;

    /// <summary>A grain became active here.</summary>
    public void Add(GrainId grain) => _active[grain] = true;

    /// <summary>It no longer is.</summary>
    public void Remove(GrainId grain) => _active.TryRemove(grain, out _);

    /// <summary>Asks all of them to move.</summary>
    public Task MoveAsync() => Task.WhenAll(_active.Keys.Select(MoveAsync));

    private async Task MoveAsync(GrainId grain)
    {
        try
        {
            await grains.GetGrain<IMovableGrain>(grain).MoveAsync();
        }
        catch (Exception exception) when (exception is OrleansException or TimeoutException)
        {
            // It went meanwhile, or is busy; the next round asks those that are left.
        }
    }
}

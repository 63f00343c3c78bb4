using System.Collections.Concurrent;
using Orleans.Runtime;

namespace XLLM.Grains.Placement;

/// <summary>The silos that are about to stop, as this silo has heard. Thread-safe. A silo's address has its generation, so one that comes back is another.</summary>
internal sealed class DrainingSilos
{
    private readonly ConcurrentDictionary<SiloAddress, bool> _draining = new();

    /// <summary>Whether a silo drains.</summary>
    public bool Contains(SiloAddress silo) => _draining.ContainsKey(silo);

    /// <summary>Notes that a silo drains, or no longer does.</summary>
    public void Note(SiloAddress silo, bool draining)
    {
        if (draining)
        {
            _draining[silo] = true;
        }
        else
        {
            _draining.TryRemove(silo, out _);
        }
    }

    /// <summary>Forgets the silos that are gone.</summary>
    public void Forget(Func<SiloAddress, bool> isDead)
    {
        foreach (var silo in _draining.Keys.Where(isDead).ToArray())
        {
            _draining.TryRemove(silo, out _);
        }
    }
}

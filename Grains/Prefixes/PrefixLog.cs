using XLLM.Grains.Interfaces.Routing;
using XLLM.Grains.Ports;

namespace XLLM.Grains.Prefixes;

/// <summary>What a replica holds, and its last changes by number, from which each peer is told what it lacks. Pure; not thread-safe.</summary>
/// <param name="kept">Changes kept for peers that are behind; who is behind further is told everything.</param>
/// <param name="after">Number after which changes are counted: above all of an earlier log of the same replica, so that what comes late from that one is known to be old.</param>
internal sealed class PrefixLog(int kept, long after = 0)
{
    private readonly Dictionary<PrefixHash, PrefixTiers> _held = [];
    private readonly Queue<PrefixChange> _changes = new();

    /// <summary>Number of the last change; they count up.</summary>
    public long Last { get; private set; } = after;

    /// <summary>Number of the first change that is still kept.</summary>
    public long First => Last - _changes.Count + 1;

    /// <summary>Prefixes held.</summary>
    public int Count => _held.Count;

    /// <summary>Takes changes in.</summary>
    public void Append(PrefixChanges changes)
    {
        if (changes.IsComplete)
        {
            _held.Clear();
            _changes.Clear();
            Last++;         // a number that nobody has, so that everybody is told everything
        }

        foreach (var change in changes.Changes)
        {
            if (change.Tiers == PrefixTiers.None)
            {
                _held.Remove(change.Hash);
            }
            else
            {
                _held[change.Hash] = change.Tiers;
            }

            if (!changes.IsComplete)
            {
                _changes.Enqueue(change);
                Last++;
            }
        }

        while (_changes.Count > kept)
        {
            _changes.Dequeue();
        }
    }

    /// <summary>The changes after a number, at most so many; null if they are not kept and the peer must be told everything.</summary>
    /// <param name="after">The last change that the peer has; 0: none.</param>
    /// <param name="most">Most changes.</param>
    public PrefixChange[]? After(long after, int most) =>
        after > Last || after < First - 1 ? null : [.. _changes.Skip((int)(after - (First - 1))).Take(most)];

    /// <summary>All prefixes held.</summary>
    public PrefixChange[] All() => [.. _held.Select(held => new PrefixChange(held.Key, held.Value))];
}

using XLLM.Grains.Interfaces.Routing;
using XLLM.Grains.Ports;

namespace XLLM.Grains.KvStore;

/// <summary>Which runs of KV blocks are stored, where each block is, and which run goes first: the one unused for longest. Pure; not thread-safe.</summary>
internal sealed class StoredRuns
{
    private readonly Dictionary<PrefixHash, LinkedListNode<Entry>> _runs = [];
    private readonly LinkedList<Entry> _byUse = [];                                     // longest unused first
    private readonly Dictionary<(PrefixHash Hash, byte Group), PrefixHash> _places = [];   // block to run
    private long _use;

    /// <summary>Budget in bytes; the next <see cref="Add"/> keeps it.</summary>
    public long MostBytes { get; set; } = long.MaxValue;

    /// <summary>Runs kept, written or not.</summary>
    public int Count => _runs.Count;

    /// <summary>Blocks of all runs.</summary>
    public int Blocks => _places.Count;

    /// <summary>Bytes of all runs.</summary>
    public long Bytes { get; private set; }

    /// <summary>All runs, with their last use.</summary>
    public IEnumerable<StoredRun> Runs => _byUse.Select(entry => entry.Run with { LastUse = entry.LastUse });

    /// <summary>The part of a run that is not stored yet; null if all is, or if it is larger than the whole budget.</summary>
    public StoredRun? Missing(StoredRun run)
    {
        var missing = Enumerable.Range(0, run.Hashes.Length).Where(i => !_places.ContainsKey((run.Hashes[i], run.Groups[i]))).ToArray();
        if (missing.Length == 0)
        {
            return null;
        }

        var part = run with
        {
            Hashes = [.. missing.Select(i => run.Hashes[i])],
            Groups = [.. missing.Select(i => run.Groups[i])],
            Bytes = [.. missing.Select(i => run.Bytes[i])],
        };
        return part.TotalBytes <= MostBytes && !_runs.ContainsKey(run.Id) ? part : null;
    }

    /// <summary>Keeps a run that is about to be written; it is not found before <see cref="Confirm"/>.</summary>
    /// <param name="run">Result of <see cref="Missing"/> in this very state.</param>
    /// <returns>Runs that had to go; they are forgotten here.</returns>
    public List<StoredRun> Add(StoredRun run)
    {
        var evicted = new List<StoredRun>();
        while (Bytes + run.TotalBytes > MostBytes)
        {
            var oldest = _byUse.First!.Value.Run;
            Remove(oldest.Id);
            evicted.Add(oldest);
        }

        Insert(run, isWritten: false);
        return evicted;
    }

    /// <summary>A run was written; false if it had to go meanwhile.</summary>
    public bool Confirm(PrefixHash id)
    {
        if (!_runs.TryGetValue(id, out var node))
        {
            return false;
        }

        node.Value.IsWritten = true;
        return true;
    }

    /// <summary>Runs of an earlier life, in any order.</summary>
    public void Restore(IEnumerable<StoredRun> runs)
    {
        foreach (var run in runs.OrderBy(run => run.LastUse))
        {
            if (Missing(run) is { } whole && whole.Hashes.Length == run.Hashes.Length)
            {
                _use = Math.Max(_use, run.LastUse);
                Insert(run, isWritten: true);
            }
        }
    }

    /// <summary>The runs that hold the longest leading part of consecutive blocks, in that order; notes their use.</summary>
    /// <param name="hashes">The blocks.</param>
    /// <param name="groups">A block counts if it is there for each of these groups.</param>
    public StoredRun[] Find(ReadOnlySpan<PrefixHash> hashes, int groups)
    {
        var found = new List<PrefixHash>();
        foreach (var hash in hashes)
        {
            for (byte group = 0; group < groups; group++)
            {
                if (!_places.TryGetValue((hash, group), out var id) || !_runs[id].Value.IsWritten)
                {
                    return Use(found);
                }

                if (!found.Contains(id))
                {
                    found.Add(id);
                }
            }
        }

        return Use(found);
    }

    /// <summary>Forgets a run; false if it is not kept.</summary>
    public bool Remove(PrefixHash id)
    {
        if (!_runs.Remove(id, out var node))
        {
            return false;
        }

        _byUse.Remove(node);
        Bytes -= node.Value.Run.TotalBytes;
        for (var i = 0; i < node.Value.Run.Hashes.Length; i++)
        {
            _places.Remove((node.Value.Run.Hashes[i], node.Value.Run.Groups[i]));
        }

        return true;
    }

    private void Insert(StoredRun run, bool isWritten)
    {
        var entry = new Entry { Run = run, IsWritten = isWritten, LastUse = isWritten ? run.LastUse : ++_use };
        _runs.Add(run.Id, _byUse.AddLast(entry));
        Bytes += run.TotalBytes;
        for (var i = 0; i < run.Hashes.Length; i++)
        {
            _places.Add((run.Hashes[i], run.Groups[i]), run.Id);
        }
    }

    private StoredRun[] Use(List<PrefixHash> found)
    {
        // The head is used last: without it the tail is worth nothing, so it goes after it.
        for (var i = found.Count - 1; i >= 0; i--)
        {
            var node = _runs[found[i]];
            node.Value.LastUse = ++_use;
            _byUse.Remove(node);
            _byUse.AddLast(node);
        }

        return [.. found.Select(id => _runs[id].Value.Run)];
    }

    private sealed class Entry
    {
        public required StoredRun Run { get; init; }

        public bool IsWritten { get; set; }

        public long LastUse { get; set; }
    }
}

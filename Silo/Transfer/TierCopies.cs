using System.Collections.Concurrent;
using XLLM.Silo.KvCache;

namespace XLLM.Silo.Transfer;

/// <summary>Decides which KV blocks are copied between pool and host memory by the step that is being planned. The engine's loop owns it; it never waits and, once warm, allocates nothing.</summary>
/// <remarks>
/// An evicted block leaves in the step that may overwrite it, before that step computes; so what is read is what the steps before have left.
/// Blocks that policy wants copied without need leave while the engine is idle.
/// </remarks>
internal sealed class TierCopies(KvTierOptions options, HostTier host, HostMemory memory, TierCounters counters)
{
    /// <summary>Blocks that wait for an idle engine. More are copied when they are evicted, if ever.</summary>
    private const int MostIdleBlocks = 65_536;

    /// <summary>Blocks whose reuses are counted; the table begins anew when it is full.</summary>
    private const int MostCounted = 65_536;

    private readonly List<BlockCopy> _evicted = [];
    private readonly List<BlockCopy> _loaded = [];
    private readonly Queue<KvBlockName> _idle = new(options.WritePolicy == KvWritePolicy.WriteBack ? 0 : MostIdleBlocks);
    private readonly ConcurrentQueue<KvBlockName> _wanted = new();
    private readonly Dictionary<KvBlockName, int> _reuses = [];
    private KvBlockManager? _blocks;

    /// <summary>The pool's books. Set before the first event.</summary>
    public KvBlockManager Blocks
    {
        set => _blocks = value;
    }

    /// <summary>Blocks that wait for an idle engine.</summary>
    public int IdleBlocks => _idle.Count;

    /// <summary>A block was computed.</summary>
    public void Stored(KvBlockName name)
    {
        if (options.WritePolicy == KvWritePolicy.WriteThrough)
        {
            CopyWhenIdle(name);
        }
    }

    /// <summary>A block was reused.</summary>
    public void Reused(KvBlockName name)
    {
        if (options.WritePolicy != KvWritePolicy.Selective)
        {
            return;
        }

        if (_reuses.Count >= MostCounted)
        {
            _reuses.Clear();
        }

        var count = _reuses.GetValueOrDefault(name) + 1;
        _reuses[name] = count;
        if (count == options.SelectiveHits)
        {
            CopyWhenIdle(name);
        }
    }

    /// <summary>A block is evicted: now or never.</summary>
    public void Evicted(KvBlockName name, KvBlockId block)
    {
        if (options.WritePolicy == KvWritePolicy.Selective && _reuses.GetValueOrDefault(name) < options.SelectiveHits)
        {
            return;
        }

        if (TryPlan(name, block, out var copy))
        {
            _evicted.Add(copy);
        }
        else if (!host.HasOrExpects(name))
        {
            counters.Drop();
        }
    }

    /// <summary>A block that was loaded goes into the pool.</summary>
    /// <param name="copy">The caller's reference goes with it.</param>
    public void Load(in BlockCopy copy) => _loaded.Add(copy);

    /// <summary>Another silo wants a block: the next step copies it to the host tier, or says that it is not here. Thread-safe.</summary>
    public void Want(KvBlockName name) => _wanted.Enqueue(name);

    /// <summary>Whether anybody wants a block. Thread-safe.</summary>
    public bool HasWanted => !_wanted.IsEmpty;

    private void CopyWhenIdle(KvBlockName name)
    {
        if (_idle.Count < MostIdleBlocks)
        {
            _idle.Enqueue(name);
        }
    }

    /// <summary>Puts the copies into a plan.</summary>
    /// <param name="outgoing">Gets those from the pool.</param>
    /// <param name="incoming">Gets those to the pool.</param>
    /// <param name="isIdle">The step computes nothing, so there is time for what is not urgent.</param>
    public void Fill(List<BlockCopy> outgoing, List<BlockCopy> incoming, bool isIdle)
    {
        outgoing.AddRange(_evicted);
        incoming.AddRange(_loaded);
        _evicted.Clear();
        _loaded.Clear();
        while (_wanted.TryDequeue(out var wanted))
        {
            if (_blocks!.TryFind(wanted, out var block) && TryPlan(wanted, block, out var copy))
            {
                outgoing.Add(copy);
            }
            else if (!host.HasOrExpects(wanted))
            {
                host.Unexpect(wanted);
            }
        }

        for (var left = isIdle ? options.IdleCopyBytes : 0; left > 0 && _idle.TryPeek(out var name);)
        {
            if (!_blocks!.TryFind(name, out var block) || host.HasOrExpects(name))
            {
                _idle.Dequeue();
            }
            else if (TryPlan(name, block, out var copy))
            {
                _idle.Dequeue();
                outgoing.Add(copy);
                left -= copy.Host.TotalBytes;
            }
            else
            {
                return;         // no host memory now; it comes back when what is under way is done
            }
        }
    }

    private bool TryPlan(KvBlockName name, KvBlockId block, out BlockCopy copy)
    {
        copy = default;
        if (host.HasOrExpects(name) || !memory.TryRent(out var room))
        {
            return false;
        }

        host.TryExpect(name);
        copy = new BlockCopy(name, block, room);
        return true;
    }
}

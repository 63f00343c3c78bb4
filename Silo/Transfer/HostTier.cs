using System.Diagnostics.CodeAnalysis;
using XLLM.Silo.KvCache;

namespace XLLM.Silo.Transfer;

/// <summary>KV blocks in host memory, as sealed packets. Thread-safe; every member takes about constant time.</summary>
/// <remarks>A name is expected from the moment its copy is planned, so that it is copied once.</remarks>
/// <param name="mostBytes">Budget in bytes, headers included.</param>
internal sealed class HostTier(long mostBytes)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<KvBlockName, HostBlock> _blocks = [];
    private readonly HashSet<KvBlockName> _expected = [];
    private readonly TierLedger<KvBlockName> _ledger = new(mostBytes);
    private readonly List<KvBlockName> _evicted = [];
    private readonly Dictionary<KvBlockName, TaskCompletionSource<bool>> _waiting = [];

    /// <summary>Blocks and bytes kept.</summary>
    public (int Blocks, long Bytes) Size
    {
        get
        {
            lock (_gate)
            {
                return (_ledger.Count, _ledger.Bytes);
            }
        }
    }

    /// <summary>Whether it is kept, or on its way here.</summary>
    public bool HasOrExpects(KvBlockName name)
    {
        lock (_gate)
        {
            return _blocks.ContainsKey(name) || _expected.Contains(name);
        }
    }

    /// <summary>Whether it is kept.</summary>
    public bool Has(KvBlockName name)
    {
        lock (_gate)
        {
            return _blocks.ContainsKey(name);
        }
    }

    /// <summary>Announces a block; false if it is kept or announced already.</summary>
    public bool TryExpect(KvBlockName name)
    {
        lock (_gate)
        {
            return !_blocks.ContainsKey(name) && _expected.Add(name);
        }
    }

    /// <summary>It will not come.</summary>
    public void Unexpect(KvBlockName name)
    {
        lock (_gate)
        {
            _expected.Remove(name);
            Tell(name, isKept: false);
        }
    }

    /// <summary>Completes when the block is kept (true), or when it is known that it does not come (false).</summary>
    public Task<bool> WhenKnown(KvBlockName name)
    {
        lock (_gate)
        {
            if (_blocks.ContainsKey(name))
            {
                return Task.FromResult(true);
            }

            if (!_waiting.TryGetValue(name, out var waiting))
            {
                _waiting.Add(name, waiting = new(TaskCreationOptions.RunContinuationsAsynchronously));
            }

            return waiting.Task;
        }
    }

    /// <summary>Borrows a block, and notes its use. The caller releases it.</summary>
    public bool TryTake(KvBlockName name, [NotNullWhen(true)] out HostBlock? block)
    {
        lock (_gate)
        {
            if (!_blocks.TryGetValue(name, out block))
            {
                return false;
            }

            _ledger.Touch(name);
            block.AddReference();
            return true;
        }
    }

    /// <summary>Keeps a sealed block, taking over the caller's reference.</summary>
    /// <param name="name">What it holds.</param>
    /// <param name="block">The packet.</param>
    /// <param name="evicted">Gets what had to go, with its reference: the caller releases those.</param>
    /// <returns>False if it is kept already or too large; the caller keeps its reference.</returns>
    public bool TryAdd(KvBlockName name, HostBlock block, List<(KvBlockName Name, HostBlock Block)> evicted)
    {
        lock (_gate)
        {
            _expected.Remove(name);
            _evicted.Clear();
            if (!_ledger.TryAdd(name, block.TotalBytes, _evicted))
            {
                Tell(name, _blocks.ContainsKey(name));
                return false;
            }

            _blocks.Add(name, block);
            Tell(name, isKept: true);
            foreach (var gone in _evicted)
            {
                _blocks.Remove(gone, out var old);
                evicted.Add((gone, old!));
            }

            return true;
        }
    }

    /// <summary>Forgets one block: it was found to be damaged.</summary>
    public bool Remove(KvBlockName name)
    {
        HostBlock? block;
        lock (_gate)
        {
            if (!_blocks.Remove(name, out block))
            {
                return false;
            }

            _ledger.Remove(name);
        }

        block.Release();
        return true;
    }

    /// <summary>Forgets all blocks; returns their names.</summary>
    public KvBlockName[] Clear()
    {
        KeyValuePair<KvBlockName, HostBlock>[] gone;
        lock (_gate)
        {
            gone = [.. _blocks];
            foreach (var (name, _) in gone)
            {
                _ledger.Remove(name);
            }

            _blocks.Clear();
        }

        Array.ForEach(gone, entry => entry.Value.Release());
        return [.. gone.Select(entry => entry.Key)];
    }

    private void Tell(KvBlockName name, bool isKept)
    {
        if (_waiting.Remove(name, out var waiting))
        {
            waiting.SetResult(isKept);
        }
    }

    /// <summary>Names of all blocks.</summary>
    public KvBlockName[] Names()
    {
        lock (_gate)
        {
            return [.. _blocks.Keys];
        }
    }
}

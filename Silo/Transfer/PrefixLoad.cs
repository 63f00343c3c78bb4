using XLLM.Grains.Interfaces.Routing;
using XLLM.Silo.KvCache;

namespace XLLM.Silo.Transfer;

/// <summary>KV blocks of one prompt on their way up. Filled by loaders, emptied by the engine's loop; whatever comes after it was closed is refused.</summary>
/// <param name="firstBlock">Place in the prompt of the first block.</param>
/// <param name="hashes">Hashes of the blocks, from that one on.</param>
/// <param name="groups">Groups of layers.</param>
internal sealed class PrefixLoad(int firstBlock, PrefixHash[] hashes, int groups)
{
    private readonly Lock _gate = new();
    private readonly HostBlock?[] _blocks = new HostBlock?[hashes.Length * groups];
    private bool _closed;
    private bool _done;

    /// <summary>Place in the prompt of the first block.</summary>
    public int FirstBlock => firstBlock;

    /// <summary>Hashes of the blocks.</summary>
    public PrefixHash[] Hashes => hashes;

    /// <summary>Whether no more will come.</summary>
    public bool IsDone => Volatile.Read(ref _done);

    /// <summary>Whether nobody waits any more.</summary>
    public bool IsClosed
    {
        get
        {
            lock (_gate)
            {
                return _closed;
            }
        }
    }

    /// <summary>Puts a block in, its payload being the pool's bytes, with the caller's reference. False, and the caller keeps it, if it is closed or there already.</summary>
    public bool TryPut(int index, int group, HostBlock block)
    {
        lock (_gate)
        {
            ref var place = ref _blocks[(index * groups) + group];
            if (_closed || place is not null)
            {
                return false;
            }

            place = block;
            return true;
        }
    }

    /// <summary>No more will come.</summary>
    public void Finish() => Volatile.Write(ref _done, true);

    /// <summary>Closes it.</summary>
    /// <returns>Leading blocks that are there for all groups.</returns>
    public int Close()
    {
        lock (_gate)
        {
            _closed = true;
            var ready = Array.IndexOf(_blocks, null);
            return (ready < 0 ? _blocks.Length : ready) / groups;
        }
    }

    /// <summary>Takes a block out of a closed load, with its reference.</summary>
    public HostBlock Take(int index, int group)
    {
        ref var place = ref _blocks[(index * groups) + group];
        var block = place ?? throw new InvalidOperationException($"block {firstBlock + index} of group {group} was not loaded");
        place = null;
        return block;
    }

    /// <summary>Closes it and gives up what was not taken.</summary>
    public void Discard()
    {
        Close();
        for (var i = 0; i < _blocks.Length; i++)
        {
            _blocks[i]?.Release();
            _blocks[i] = null;
        }
    }
}

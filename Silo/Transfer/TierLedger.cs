namespace XLLM.Silo.Transfer;

/// <summary>Which things a tier keeps, how many bytes they take, and which goes first: the one unused for longest. Pure; not thread-safe.</summary>
/// <param name="mostBytes">Budget in bytes.</param>
internal sealed class TierLedger<TName>(long mostBytes)
    where TName : notnull
{
    private readonly Dictionary<TName, LinkedListNode<(TName Name, long Bytes)>> _entries = [];
    private readonly LinkedList<(TName Name, long Bytes)> _byUse = [];     // longest unused first

    /// <summary>Things kept.</summary>
    public int Count => _entries.Count;

    /// <summary>Bytes that they take; never over the budget.</summary>
    public long Bytes { get; private set; }

    /// <summary>Whether it is kept.</summary>
    public bool Contains(TName name) => _entries.ContainsKey(name);

    /// <summary>Notes a use; false if it is not kept.</summary>
    public bool Touch(TName name)
    {
        if (!_entries.TryGetValue(name, out var node))
        {
            return false;
        }

        _byUse.Remove(node);
        _byUse.AddLast(node);
        return true;
    }

    /// <summary>Keeps a thing, putting out others for it.</summary>
    /// <param name="name">Not kept yet.</param>
    /// <param name="bytes">What it takes.</param>
    /// <param name="evicted">Gets the names of those put out.</param>
    /// <returns>False, and nothing has changed, if it is kept already or larger than the whole budget.</returns>
    public bool TryAdd(TName name, long bytes, ICollection<TName> evicted)
    {
        if (bytes > mostBytes || _entries.ContainsKey(name))
        {
            return false;
        }

        while (Bytes + bytes > mostBytes)
        {
            var oldest = _byUse.First!.Value.Name;
            Remove(oldest);
            evicted.Add(oldest);
        }

        _entries.Add(name, _byUse.AddLast((name, bytes)));
        Bytes += bytes;
        return true;
    }

    /// <summary>Forgets a thing; false if it was not kept.</summary>
    public bool Remove(TName name)
    {
        if (!_entries.Remove(name, out var node))
        {
            return false;
        }

        _byUse.Remove(node);
        Bytes -= node.Value.Bytes;
        return true;
    }
}

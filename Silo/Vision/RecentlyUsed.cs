using System.Diagnostics.CodeAnalysis;

namespace XLLM.Silo.Vision;

/// <summary>Values by key within a budget of bytes; what was used longest ago goes first. Thread-safe.</summary>
/// <param name="mostBytes">The budget; a value larger than it is not kept.</param>
/// <param name="sizeOf">Bytes of a value.</param>
internal sealed class RecentlyUsed<TKey, TValue>(long mostBytes, Func<TValue, long> sizeOf)
    where TKey : notnull
{
    private readonly Lock _gate = new();
    private readonly Dictionary<TKey, LinkedListNode<(TKey Key, TValue Value)>> _nodes = [];
    private readonly LinkedList<(TKey Key, TValue Value)> _order = [];      // the newest first
    private long _bytes;

    /// <summary>Bytes of all values.</summary>
    public long Bytes
    {
        get
        {
            lock (_gate)
            {
                return _bytes;
            }
        }
    }

    /// <summary>Finds a value; it is then the newest.</summary>
    public bool TryGet(TKey key, [MaybeNullWhen(false)] out TValue value)
    {
        lock (_gate)
        {
            if (!_nodes.TryGetValue(key, out var node))
            {
                value = default;
                return false;
            }

            _order.Remove(node);
            _order.AddFirst(node);
            value = node.Value.Value;
            return true;
        }
    }

    /// <summary>Takes a value out.</summary>
    public bool TryTake(TKey key, [MaybeNullWhen(false)] out TValue value)
    {
        lock (_gate)
        {
            if (!_nodes.TryGetValue(key, out var node))
            {
                value = default;
                return false;
            }

            Remove(node);
            value = node.Value.Value;
            return true;
        }
    }

    /// <summary>Keeps a value, in place of one of the same key; drops the oldest until all fit.</summary>
    public void Add(TKey key, TValue value)
    {
        var size = sizeOf(value);
        lock (_gate)
        {
            if (_nodes.TryGetValue(key, out var present))
            {
                Remove(present);
            }

            if (size > mostBytes)
            {
                return;
            }

            while (_bytes + size > mostBytes)
            {
                Remove(_order.Last!);
            }

            _nodes.Add(key, _order.AddFirst((key, value)));
            _bytes += size;
        }
    }

    private void Remove(LinkedListNode<(TKey Key, TValue Value)> node)
    {
        _order.Remove(node);
        _nodes.Remove(node.Value.Key);
        _bytes -= sizeOf(node.Value.Value);
    }
}

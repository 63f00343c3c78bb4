namespace XLLM.Silo.Execution;

/// <summary>Integers that are collected, used and forgotten again and again. Settles at the largest number seen.</summary>
internal sealed class IntBuffer
{
    private int[] _values = new int[64];

    /// <summary>Number of integers.</summary>
    public int Count { get; private set; }

    /// <summary>The integers.</summary>
    public Span<int> Values => _values.AsSpan(0, Count);

    /// <summary>Forgets all.</summary>
    public void Clear() => Count = 0;

    /// <summary>Adds one.</summary>
    public void Add(int value) => Extend(1)[0] = value;

    /// <summary>Adds several, whose values are whatever was there.</summary>
    /// <returns>The new ones, to be written.</returns>
    public Span<int> Extend(int count)
    {
        var start = Count;
        Count += count;
        if (Count > _values.Length)
        {
            Array.Resize(ref _values, Math.Max(Count, 2 * _values.Length));
        }

        return _values.AsSpan(start, count);
    }
}

namespace XLLM.NativeBackends.Ops;

/// <summary>A step's arena: results are laid one after the other and forgotten together. Warm, it allocates nothing.</summary>
/// <param name="allocate">Takes bytes from the backend; the result is aligned to 64.</param>
/// <remarks>
/// When a chunk is full another is added, so that live results never move; the next <see cref="Reset"/> replaces the chunks by one
/// of their total size. So the arena settles at the largest step seen.
/// </remarks>
internal sealed class Workspace(Func<long, DeviceMemory> allocate) : IDisposable
{
    /// <summary>Every result starts at a multiple of this many bytes: a cache line, and the widest vector.</summary>
    private const long Alignment = 64;

    /// <summary>Bytes of the first chunk: one step of a small model. Larger steps find their size by themselves.</summary>
    private const long FirstChunkBytes = 1 << 20;

    private readonly List<DeviceMemory> _chunks = [];
    private long _step;
    private int _chunk;
    private long _used;

    /// <summary>Bytes held, over all chunks.</summary>
    public long CapacityBytes { get; private set; }

    /// <summary>Forgets all results.</summary>
    public void Reset()
    {
        if (_chunks.Count > 1)
        {
            var total = CapacityBytes;
            FreeChunks();
            AddChunk(total);
        }

        _step++;
        (_chunk, _used) = (0, 0);
    }

    /// <summary>Where the next result will be, or a later one if it does not fit there.</summary>
    public WorkspaceMark Mark() => new(_step, _chunk, _used);

    /// <summary>Forgets the results made since a mark.</summary>
    /// <exception cref="OpException">The mark is of another step, or was forgotten itself.</exception>
    public void Release(WorkspaceMark mark)
    {
        if (mark.Step != _step || (mark.Chunk, mark.Used).CompareTo((_chunk, _used)) > 0)
        {
            throw new OpException($"workspace: {mark} cannot be released where it stands at {Mark()}");
        }

        (_chunk, _used) = (mark.Chunk, mark.Used);
    }

    /// <summary>A dense tensor with undefined contents, valid until <see cref="Reset"/>.</summary>
    /// <exception cref="OpException">A dimension is negative, or there is not that much memory.</exception>
    public Tensor Allocate(DType dtype, int rows, int columns)
    {
        if (rows < 0 || columns < 0)
        {
            throw new OpException($"workspace: a result cannot be [{rows}, {columns}]");
        }

        var bytes = ((((long)rows * columns * dtype.Size()) + Alignment - 1) / Alignment) * Alignment;
        while (_chunk >= _chunks.Count || _used + bytes > _chunks[_chunk].Bytes)
        {
            if (_chunk + 1 >= _chunks.Count)
            {
                // Doubling bounds the number of chunks of the largest step by the logarithm of its size.
                AddChunk(Math.Max(bytes, Math.Max(FirstChunkBytes, CapacityBytes)));
                _chunk = _chunks.Count - 1;
            }
            else
            {
                _chunk++;       // taken before a release
            }

            _used = 0;
        }

        var address = _chunks[_chunk].Address + (nint)_used;
        _used += bytes;
        return new Tensor(address, dtype, rows, columns);
    }

    /// <inheritdoc/>
    public void Dispose() => FreeChunks();

    private void AddChunk(long bytes)
    {
        _chunks.Add(allocate(bytes));
        CapacityBytes += bytes;
    }

    private void FreeChunks()
    {
        _chunks.ForEach(chunk => chunk.Dispose());
        _chunks.Clear();
        CapacityBytes = 0;
    }
}

namespace XLLM.Grains.Storage;

/// <summary>Whether this silo's durable writes get through. Thread-safe; health checks read it.</summary>
public sealed class StorageHealth
{
    private readonly Lock _gate = new();
    private string? _fault;

    /// <summary>Why the last write failed; null when it did not.</summary>
    public string? Fault
    {
        get
        {
            lock (_gate)
            {
                return _fault;
            }
        }
    }

    /// <summary>A write got through.</summary>
    internal void Succeeded()
    {
        lock (_gate)
        {
            _fault = null;
        }
    }

    /// <summary>A write failed.</summary>
    internal void Failed(string fault)
    {
        lock (_gate)
        {
            _fault = fault;
        }
    }
}

namespace XLLM.Silo.Transfer.Forms;

/// <summary>All forms, by name. Blocks tell which one they are in, so a silo reads those of peers that keep theirs in another.</summary>
/// <param name="elementBytes">Bytes of an element of the pool: 4 for F32, 2 for BF16, 1 for codes.</param>
internal sealed class KvForms(int elementBytes) : IDisposable
{
    private readonly ExactForm _exact = new();
    private readonly Int8Form _int8 = new(elementBytes);
    private readonly ZstdForm _zstd = new(elementBytes);

    /// <summary>The form of that kind.</summary>
    /// <exception cref="ArgumentException">The pool's elements cannot be kept in that form.</exception>
    public IKvForm this[KvForm kind] => Find(kind)
        ?? throw new ArgumentException($"KV blocks of {elementBytes}-byte elements cannot be kept as {kind}", nameof(kind));

    /// <summary>The form of that kind, or null where there is none for these elements.</summary>
    public IKvForm? Find(KvForm kind) => kind switch
    {
        KvForm.Exact => _exact,
        KvForm.Int8 when elementBytes is 2 or 4 => _int8,
        KvForm.Zstd => _zstd,
        _ => null,
    };

    /// <inheritdoc/>
    public void Dispose() => _zstd.Dispose();
}

namespace XLLM.Silo.Transfer.Forms;

/// <summary>The pool's own bytes.</summary>
internal sealed class ExactForm : IKvForm
{
    /// <inheritdoc/>
    public KvForm Kind => KvForm.Exact;

    /// <inheritdoc/>
    public int Bound(int rawBytes) => rawBytes;

    /// <inheritdoc/>
    public int Encode(ReadOnlySpan<byte> raw, Span<byte> destination)
    {
        raw.CopyTo(destination);
        return raw.Length;
    }

    /// <inheritdoc/>
    public bool TryDecode(ReadOnlySpan<byte> payload, Span<byte> raw)
    {
        if (payload.Length != raw.Length)
        {
            return false;
        }

        payload.CopyTo(raw);
        return true;
    }
}

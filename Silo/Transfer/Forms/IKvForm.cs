namespace XLLM.Silo.Transfer.Forms;

/// <summary>Turns the pool's bytes of a KV block into what is kept, and back. Thread-safe. A form is a class and a line in <see cref="KvForms"/>.</summary>
internal interface IKvForm
{
    /// <summary>Which one.</summary>
    KvForm Kind { get; }

    /// <summary>Most bytes that a block of that size can take.</summary>
    int Bound(int rawBytes);

    /// <summary>Encodes a block.</summary>
    /// <param name="raw">The pool's bytes.</param>
    /// <param name="destination">At least <see cref="Bound"/> bytes.</param>
    /// <returns>Bytes written; -1 if the block cannot be kept in this form.</returns>
    int Encode(ReadOnlySpan<byte> raw, Span<byte> destination);

    /// <summary>Decodes a block; false if these bytes are none of this form.</summary>
    bool TryDecode(ReadOnlySpan<byte> payload, Span<byte> raw);
}

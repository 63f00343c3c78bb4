namespace XLLM.Silo.Tokenization;

/// <summary>The bytes of every token, by id, in one block. Ids may have holes: a hole has no bytes. Immutable.</summary>
internal sealed class Vocabulary
{
    /// <summary>Ids up to this; the largest known vocabulary has about 270,000. A larger id in a file is damage, and would cost memory for nothing.</summary>
    public const int LargestId = (1 << 24) - 1;

    private readonly byte[] _bytes;
    private readonly int[] _starts;

    /// <param name="tokens">By id; null for a hole.</param>
    public Vocabulary(IReadOnlyList<byte[]?> tokens)
    {
        _starts = new int[tokens.Count + 1];
        for (var id = 0; id < tokens.Count; id++)
        {
            _starts[id + 1] = checked(_starts[id] + (tokens[id]?.Length ?? 0));
        }

        _bytes = new byte[_starts[^1]];
        for (var id = 0; id < tokens.Count; id++)
        {
            tokens[id]?.CopyTo(_bytes, _starts[id]);
        }
    }

    /// <summary>Largest id + 1.</summary>
    public int Size => _starts.Length - 1;

    /// <summary>A token's bytes; empty for a hole and for an id outside the vocabulary.</summary>
    public ReadOnlySpan<byte> this[int id] => (uint)id < (uint)Size ? _bytes.AsSpan(_starts[id].._starts[id + 1]) : [];
}

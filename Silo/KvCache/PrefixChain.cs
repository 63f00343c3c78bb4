using XLLM.Grains.Interfaces.Routing;

namespace XLLM.Silo.KvCache;

/// <summary>The prefix hashes of a sequence's full KV blocks, in order; grows as its tokens become known.</summary>
/// <param name="root">Parent of the first block: <see cref="PrefixHash.Root"/> of the model and the request's cache salt.</param>
/// <param name="blockTokens">Tokens of one KV block.</param>
/// <param name="pictures">The pictures of the sequence, in order; null: none.</param>
internal sealed class PrefixChain(PrefixHash root, int blockTokens, PictureMark[]? pictures = null)
{
    private readonly byte[] _extra = pictures is { Length: > 0 } ? new byte[blockTokens * PictureMark.Bytes] : [];
    private PrefixHash[] _hashes = [];

    /// <summary>Number of full blocks hashed.</summary>
    public int Count { get; private set; }

    /// <summary>The hashes in order.</summary>
    public ReadOnlySpan<PrefixHash> Hashes => _hashes.AsSpan(0, Count);

    /// <summary>Hashes the blocks that have become full.</summary>
    /// <param name="tokens">All tokens of the sequence that are known, from the first.</param>
    public void Extend(ReadOnlySpan<int> tokens)
    {
        var full = tokens.Length / blockTokens;
        if (full > _hashes.Length)
        {
            Array.Resize(ref _hashes, Math.Max(full, Math.Max(16, 2 * _hashes.Length)));
        }

        while (Count < full)
        {
            var parent = Count == 0 ? root : _hashes[Count - 1];
            var length = PictureMark.Write(pictures, Count * blockTokens, blockTokens, _extra);
            _hashes[Count] = parent.Next(tokens.Slice(Count * blockTokens, blockTokens), _extra.AsSpan(0, length));
            Count++;
        }
    }
}

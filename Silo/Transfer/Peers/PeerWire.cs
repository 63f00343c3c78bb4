using System.Buffers.Binary;
using System.IO.Hashing;
using System.Security.Cryptography;
using System.Text;

namespace XLLM.Silo.Transfer.Peers;

/// <summary>What silos say to each other on the side channel: a proof of the shared secret in both directions, then requests and chunks.</summary>
/// <remarks>
/// Server: magic (8), nonce (32). Client: nonce (32), HMAC-SHA256 of ("client", both nonces) (32). Server: HMAC of ("server", both nonces) (32).
/// Request: layout (16), groups (4), count (4), prefix hashes (16 each). Answer: chunks of at most 1 MiB, each length (4), XXH3-64 (8), bytes; a length of 0 ends the answer.
/// The bytes of all chunks are packets one after the other. Numbers are little-endian. The channel is authenticated, not encrypted: bind it to a network that is yours.
/// </remarks>
internal static class PeerWire
{
    /// <summary>"XLLMKV01".</summary>
    public const ulong Magic = 0x3130564B4D4C4C58;

    /// <summary>Bytes of a nonce, and of a proof.</summary>
    public const int NonceBytes = 32;

    /// <summary>Most bytes of a chunk.</summary>
    public const int MostChunkBytes = 1 << 20;

    /// <summary>Bytes before a chunk's.</summary>
    public const int ChunkHeaderBytes = 12;

    /// <summary>Most hashes of a request: a million tokens of 16 to a block.</summary>
    public const int MostHashes = 65_536;

    /// <summary>Bytes of a request before its hashes.</summary>
    public const int RequestHeaderBytes = 24;

    /// <summary>The proof that a side knows the secret.</summary>
    public static byte[] Proof(string secret, string side, ReadOnlySpan<byte> serverNonce, ReadOnlySpan<byte> clientNonce)
    {
        using var hmac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(secret));
        hmac.AppendData(Encoding.UTF8.GetBytes(side));
        hmac.AppendData(serverNonce);
        hmac.AppendData(clientNonce);
        return hmac.GetHashAndReset();
    }

    /// <summary>Writes what stands before a chunk.</summary>
    public static void WriteChunkHeader(Span<byte> header, ReadOnlySpan<byte> bytes)
    {
        BinaryPrimitives.WriteInt32LittleEndian(header, bytes.Length);
        BinaryPrimitives.WriteUInt64LittleEndian(header[4..], bytes.IsEmpty ? 0 : XxHash3.HashToUInt64(bytes));
    }
}

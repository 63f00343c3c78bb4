using System.Buffers.Binary;
using System.IO.Hashing;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using XLLM.Grains.Interfaces.Routing;

namespace XLLM.Silo.Transfer.Peers;

/// <summary>Fetches KV blocks from another silo. A connection per fetch: it costs less than a millisecond, and nothing is left behind a peer that died.</summary>
/// <param name="secret">What both sides know.</param>
internal sealed class PeerClient(string secret)
{
    /// <summary>Fetches the leading blocks of a prompt's rest that the peer has.</summary>
    /// <param name="endpoint">"address:port".</param>
    /// <param name="layout">Blocks of this layout.</param>
    /// <param name="hashes">Consecutive blocks.</param>
    /// <param name="groups">Groups of layers.</param>
    /// <param name="mostPayload">Most bytes of a packet's payload.</param>
    /// <param name="take">Gets each packet; false ends the fetch.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="IOException">The connection broke.</exception>
    /// <exception cref="SocketException">No connection.</exception>
    /// <exception cref="InvalidDataException">The peer does not know the secret, or what it sent is damaged.</exception>
    public async Task FetchAsync(
        string endpoint, LayoutFingerprint layout, PrefixHash[] hashes, int groups, int mostPayload, Func<ReadOnlyMemory<byte>, bool> take, CancellationToken cancellationToken)
    {
        using var client = new TcpClient { NoDelay = true };
        await client.ConnectAsync(IPEndPoint.Parse(endpoint), cancellationToken);
        var stream = client.GetStream();
        await ProveAsync(stream, cancellationToken);
        await stream.WriteAsync(Request(layout, hashes.AsSpan(0, Math.Min(hashes.Length, PeerWire.MostHashes)), groups), cancellationToken);

        var packet = new byte[KvPacket.HeaderBytes + mostPayload];
        var filled = 0;
        var header = new byte[PeerWire.ChunkHeaderBytes];
        while (true)
        {
            await stream.ReadExactlyAsync(header, cancellationToken);
            var length = BinaryPrimitives.ReadInt32LittleEndian(header);
            if (length == 0)
            {
                return;
            }

            if (length < 0 || length > PeerWire.MostChunkBytes || filled + length > packet.Length)
            {
                throw new InvalidDataException($"{endpoint} sent a chunk of {length} bytes after {filled}; a packet has at most {packet.Length}");
            }

            var chunk = packet.AsMemory(filled, length);
            await stream.ReadExactlyAsync(chunk, cancellationToken);
            if (XxHash3.HashToUInt64(chunk.Span) != BinaryPrimitives.ReadUInt64LittleEndian(header.AsSpan(4)))
            {
                throw new InvalidDataException($"{endpoint} sent a damaged chunk of {length} bytes");
            }

            filled += length;
            var whole = KvPacket.Length(packet.AsSpan(0, filled), mostPayload);
            if (whole == 0 || filled > whole)
            {
                throw new InvalidDataException($"{endpoint} sent {filled} bytes that are no packet");
            }

            if (filled == whole)
            {
                if (!take(packet.AsMemory(0, whole)))
                {
                    return;
                }

                filled = 0;
            }
        }
    }

    private static byte[] Request(LayoutFingerprint layout, ReadOnlySpan<PrefixHash> hashes, int groups)
    {
        var request = new byte[PeerWire.RequestHeaderBytes + (16 * hashes.Length)];
        BinaryPrimitives.WriteUInt128LittleEndian(request, layout.Value);
        BinaryPrimitives.WriteInt32LittleEndian(request.AsSpan(16), groups);
        BinaryPrimitives.WriteInt32LittleEndian(request.AsSpan(20), hashes.Length);
        for (var i = 0; i < hashes.Length; i++)
        {
            var at = request.AsSpan(PeerWire.RequestHeaderBytes + (16 * i));
            BinaryPrimitives.WriteUInt64LittleEndian(at, hashes[i].Low);
            BinaryPrimitives.WriteUInt64LittleEndian(at[8..], hashes[i].High);
        }

        return request;
    }

    private async Task ProveAsync(NetworkStream stream, CancellationToken cancellationToken)
    {
        var hello = new byte[8 + PeerWire.NonceBytes];
        await stream.ReadExactlyAsync(hello, cancellationToken);
        if (BinaryPrimitives.ReadUInt64LittleEndian(hello) != PeerWire.Magic)
        {
            throw new InvalidDataException("who listens there lends no KV blocks");
        }

        var answer = new byte[2 * PeerWire.NonceBytes];
        RandomNumberGenerator.Fill(answer.AsSpan(0, PeerWire.NonceBytes));
        PeerWire.Proof(secret, "client", hello.AsSpan(8), answer.AsSpan(0, PeerWire.NonceBytes)).CopyTo(answer, PeerWire.NonceBytes);
        await stream.WriteAsync(answer, cancellationToken);

        var proof = new byte[PeerWire.NonceBytes];
        await stream.ReadExactlyAsync(proof, cancellationToken);
        if (!CryptographicOperations.FixedTimeEquals(PeerWire.Proof(secret, "server", hello.AsSpan(8), answer.AsSpan(0, PeerWire.NonceBytes)), proof))
        {
            throw new InvalidDataException("the peer does not know the cluster's secret");
        }
    }
}

using System.Buffers.Binary;
using System.IO.Hashing;
using XLLM.Grains.Interfaces.Routing;
using XLLM.Silo.KvCache;

namespace XLLM.Silo.Transfer;

/// <summary>A KV block as it is kept and sent: 64 bytes that say what it is, then its payload in some form. Damaged and foreign ones are told apart from good ones here.</summary>
/// <remarks>
/// Header, little-endian: magic (4), form (1), group (1), zero (2), bytes of the block in the pool (4), bytes of the payload (4), layout fingerprint (16),
/// prefix hash (16), XXH3-128 over those 48 bytes and the payload (16).
/// </remarks>
internal static class KvPacket
{
    /// <summary>"XKV1".</summary>
    private const uint Magic = 0x31564B58;

    private const int ChecksumAt = 48;

    /// <summary>Bytes before the payload.</summary>
    public const int HeaderBytes = HostBlock.HeaderBytes;

    /// <summary>Writes the header of a packet whose payload is there.</summary>
    /// <param name="packet">Header and payload, at least; what follows is left alone.</param>
    /// <param name="header">What it says; the checksum is computed.</param>
    /// <param name="layout">What the bytes depend on.</param>
    public static void Seal(Span<byte> packet, in KvPacketHeader header, LayoutFingerprint layout)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(packet, Magic);
        packet[4] = (byte)header.Form;
        packet[5] = checked((byte)header.Name.Group);
        BinaryPrimitives.WriteUInt16LittleEndian(packet[6..], 0);
        BinaryPrimitives.WriteInt32LittleEndian(packet[8..], header.RawBytes);
        BinaryPrimitives.WriteInt32LittleEndian(packet[12..], header.PayloadBytes);
        BinaryPrimitives.WriteUInt128LittleEndian(packet[16..], layout.Value);
        BinaryPrimitives.WriteUInt64LittleEndian(packet[32..], header.Name.Hash.Low);
        BinaryPrimitives.WriteUInt64LittleEndian(packet[40..], header.Name.Hash.High);
        BinaryPrimitives.WriteUInt128LittleEndian(packet[ChecksumAt..], Checksum(packet, header.PayloadBytes));
    }

    /// <summary>Reads how long the packet is that begins here, without trusting it.</summary>
    /// <param name="bytes">At least a header.</param>
    /// <param name="mostPayload">Most bytes that a payload may have.</param>
    /// <returns>Header and payload in bytes; 0 if no packet begins here.</returns>
    public static int Length(ReadOnlySpan<byte> bytes, int mostPayload)
    {
        if (bytes.Length < HeaderBytes || BinaryPrimitives.ReadUInt32LittleEndian(bytes) != Magic)
        {
            return 0;
        }

        var payload = BinaryPrimitives.ReadInt32LittleEndian(bytes[12..]);
        return payload < 0 || payload > mostPayload ? 0 : HeaderBytes + payload;
    }

    /// <summary>Reads and checks a packet.</summary>
    /// <param name="packet">Begins with the header; may be longer than the packet.</param>
    /// <param name="layout">What its bytes must depend on.</param>
    /// <param name="header">What it says.</param>
    /// <returns>False if it is damaged, cut off, or of another model or layout.</returns>
    public static bool TryOpen(ReadOnlySpan<byte> packet, LayoutFingerprint layout, out KvPacketHeader header)
    {
        header = default;
        var length = Length(packet, int.MaxValue - HeaderBytes);
        if (length == 0 || length > packet.Length || BinaryPrimitives.ReadUInt128LittleEndian(packet[16..]) != layout.Value)
        {
            return false;
        }

        var payload = length - HeaderBytes;
        if (BinaryPrimitives.ReadUInt128LittleEndian(packet[ChecksumAt..]) != Checksum(packet, payload))
        {
            return false;
        }

        var hash = new PrefixHash(BinaryPrimitives.ReadUInt64LittleEndian(packet[40..]), BinaryPrimitives.ReadUInt64LittleEndian(packet[32..]));
        header = new KvPacketHeader((KvForm)packet[4], new KvBlockName(hash, packet[5]), BinaryPrimitives.ReadInt32LittleEndian(packet[8..]), payload);
        return true;
    }

    private static UInt128 Checksum(ReadOnlySpan<byte> packet, int payloadBytes)
    {
        // Two hashes instead of one over a copy: header and payload are not side by side without their checksum.
        Span<byte> parts = stackalloc byte[ChecksumAt + 16];
        packet[..ChecksumAt].CopyTo(parts);
        BinaryPrimitives.WriteUInt128LittleEndian(parts[ChecksumAt..], XxHash128.HashToUInt128(packet.Slice(HeaderBytes, payloadBytes)));
        return XxHash128.HashToUInt128(parts);
    }
}

/// <summary>What a packet says of itself.</summary>
/// <param name="Form">Form of the payload.</param>
/// <param name="Name">What it holds.</param>
/// <param name="RawBytes">Bytes of the block in the pool.</param>
/// <param name="PayloadBytes">Bytes of the payload.</param>
internal readonly record struct KvPacketHeader(KvForm Form, KvBlockName Name, int RawBytes, int PayloadBytes);

using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;
using System.Text;

namespace XLLM.Silo.Tests.Vision;

/// <summary>Writes PNG files of any kind, also forbidden ones, without the decoder under test.</summary>
internal static class PngWriter
{
    /// <summary>A file from rows of packed samples; extra chunks stand before the pixels.</summary>
    public static byte[] Write(int width, int height, int depth, int colour, IEnumerable<byte[]> rows, params byte[][] extra)
    {
        var raw = new MemoryStream();
        foreach (var row in rows)
        {
            raw.WriteByte(0);                                           // no filter
            raw.Write(row);
        }

        return File(Header(width, height, depth, colour), [.. extra, Chunk("IDAT", Deflate(raw.ToArray())), Chunk("IEND", [])]);
    }

    public static byte[] File(byte[] header, params byte[][] chunks) =>
        [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A, .. header, .. chunks.SelectMany(chunk => chunk)];

    public static byte[] Header(int width, int height, int depth, int colour)
    {
        var data = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(data, width);
        BinaryPrimitives.WriteInt32BigEndian(data.AsSpan(4), height);
        (data[8], data[9]) = ((byte)depth, (byte)colour);
        return Chunk("IHDR", data);
    }

    public static byte[] Chunk(string name, byte[] data)
    {
        var chunk = new byte[12 + data.Length];
        BinaryPrimitives.WriteInt32BigEndian(chunk, data.Length);
        Encoding.ASCII.GetBytes(name, chunk.AsSpan(4));
        data.CopyTo(chunk.AsSpan(8));
        BinaryPrimitives.WriteUInt32BigEndian(chunk.AsSpan(8 + data.Length), Crc32.HashToUInt32(chunk.AsSpan(4, 4 + data.Length)));
        return chunk;
    }

    public static byte[] Deflate(byte[] data)
    {
        var packed = new MemoryStream();
        using (var zlib = new ZLibStream(packed, CompressionLevel.SmallestSize, leaveOpen: true))
        {
            zlib.Write(data);
        }

        return packed.ToArray();
    }

    /// <summary>Gives every chunk the checksum of what it now holds, so that a damaged file gets past the first gate.</summary>
    public static void RepairChecksums(byte[] file)
    {
        for (var place = 8; place + 12 <= file.Length;)
        {
            var length = BinaryPrimitives.ReadUInt32BigEndian(file.AsSpan(place));
            if (length > file.Length - place - 12)
            {
                return;
            }

            BinaryPrimitives.WriteUInt32BigEndian(file.AsSpan(place + 8 + (int)length), Crc32.HashToUInt32(file.AsSpan(place + 4, 4 + (int)length)));
            place += 12 + (int)length;
        }
    }
}

using System.Buffers.Binary;
using SkiaSharp;
using XLLM.Silo.Vision;

namespace XLLM.Silo.Tests.Vision;

/// <summary>Small pictures made here, as samples and as files of every kind.</summary>
internal static class TestPictures
{
    /// <summary>Colours that differ at every pixel and in every channel, by a seed.</summary>
    public static Picture Random(int width, int height, int seed)
    {
        var samples = new byte[width * height * 3];
        new Random(seed).NextBytes(samples);
        return new Picture(width, height, samples);
    }

    /// <summary>A smooth picture, so that lossy files come close to it.</summary>
    public static Picture Smooth(int width, int height)
    {
        var samples = new byte[width * height * 3];
        for (var i = 0; i < width * height; i++)
        {
            var (x, y) = (i % width, i / width);
            (samples[3 * i], samples[(3 * i) + 1], samples[(3 * i) + 2]) = ((byte)(x * 255 / width), (byte)(y * 255 / height), (byte)((x + y) * 127 / (width + height)));
        }

        return new Picture(width, height, samples);
    }

    public static byte[] Encode(Picture picture, SKEncodedImageFormat format, int quality = 95)
    {
        using var bitmap = new SKBitmap(new SKImageInfo(picture.Width, picture.Height, SKColorType.Rgba8888, SKAlphaType.Opaque));
        for (var y = 0; y < picture.Height; y++)
        {
            for (var x = 0; x < picture.Width; x++)
            {
                var pixel = picture.Row(y).Slice(3 * x, 3);
                bitmap.SetPixel(x, y, new SKColor(pixel[0], pixel[1], pixel[2]));
            }
        }

        using var data = bitmap.Encode(format, quality);
        return data.ToArray();
    }

    public static byte[] Png(Picture picture) => PngWriter.Write(picture.Width, picture.Height, 8, 2, Enumerable.Range(0, picture.Height).Select(y => picture.Row(y).ToArray()));

    /// <summary>24 bits a pixel, bottom row first.</summary>
    public static byte[] Bmp(Picture picture)
    {
        var stride = (picture.Width * 3 + 3) & ~3;
        var file = new byte[54 + (stride * picture.Height)];
        (file[0], file[1]) = ((byte)'B', (byte)'M');
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(2), file.Length);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(10), 54);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(14), 40);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(18), picture.Width);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(22), picture.Height);
        (file[26], file[28]) = (1, 24);
        for (var y = 0; y < picture.Height; y++)
        {
            for (var x = 0; x < picture.Width; x++)
            {
                var from = picture.Row(picture.Height - 1 - y).Slice(3 * x, 3);
                var to = 54 + (y * stride) + (3 * x);
                (file[to], file[to + 1], file[to + 2]) = (from[2], from[1], from[0]);
            }
        }

        return file;
    }

    /// <summary>A frame of 4 colours somewhere on a screen; indices take 2 bits and are stored uncompressed: a clear code before every pair.</summary>
    public static byte[] Gif(int screenWidth, int screenHeight, int left, int top, int width, byte[] indices, byte[] palette, int? transparent)
    {
        var file = new List<byte>("GIF89a"u8.ToArray());
        AddSize(screenWidth, screenHeight);
        file.AddRange([0x81, 0, 0, .. palette]);
        file.AddRange([0x21, 0xF9, 4, (byte)(transparent is null ? 0 : 1), 0, 0, (byte)(transparent ?? 0), 0]);
        file.Add(0x2C);
        AddSize(left, top);
        AddSize(width, indices.Length / width);
        file.AddRange([0, 2]);

        // Codes have 3 bits: 0 to 3 are indices, 4 clears, 5 ends. After two indices the table would grow, so it is cleared before.
        var codes = indices.SelectMany((index, i) => i % 2 == 0 ? new[] { 4, index } : [index]).Append(5);
        var (bits, count, packed) = (0, 0, new List<byte>());
        foreach (var code in codes)
        {
            bits |= code << count;
            for (count += 3; count >= 8; count -= 8, bits >>= 8)
            {
                packed.Add((byte)bits);
            }
        }

        packed.Add((byte)bits);
        file.AddRange([(byte)packed.Count, .. packed, 0, 0x3B]);
        return [.. file];

        void AddSize(int first, int second) => file.AddRange([(byte)first, (byte)(first >> 8), (byte)second, (byte)(second >> 8)]);
    }

    /// <summary>An orientation as cameras write it, in either byte order.</summary>
    public static byte[] Exif(int orientation, bool bigEndian) => bigEndian
        ? [(byte)'M', (byte)'M', 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, (byte)orientation, 0, 0, 0, 0, 0, 0]
        : [(byte)'I', (byte)'I', 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 0x01, 3, 0, 1, 0, 0, 0, (byte)orientation, 0, 0, 0, 0, 0, 0, 0];

    /// <summary>A JPEG file with an orientation.</summary>
    public static byte[] WithOrientation(byte[] jpeg, int orientation, bool bigEndian)
    {
        byte[] segment = [.. "Exif"u8, 0, 0, .. Exif(orientation, bigEndian)];
        return [0xFF, 0xD8, 0xFF, 0xE1, 0, (byte)(segment.Length + 2), .. segment, .. jpeg[2..]];
    }

    /// <summary>A WebP file of one VP8 or VP8L chunk, put into the extended form with an orientation behind the pixels.</summary>
    public static byte[] WithOrientation(byte[] webp, int width, int height, int orientation)
    {
        byte[] exif = Exif(orientation, bigEndian: false);
        byte[] head = [(byte)'V', (byte)'P', (byte)'8', (byte)'X', 10, 0, 0, 0, 0x08, 0, 0, 0, (byte)(width - 1), (byte)((width - 1) >> 8), 0, (byte)(height - 1), (byte)((height - 1) >> 8), 0];
        byte[] tail = [(byte)'E', (byte)'X', (byte)'I', (byte)'F', (byte)exif.Length, 0, 0, 0, .. exif];
        byte[] file = [.. webp[..12], .. head, .. webp[12..], .. tail];
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(4), file.Length - 8);
        return file;
    }
}

using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using XLLM.Grains.Interfaces.Prompts;

namespace XLLM.Silo.Vision;

/// <summary>Names what the encoder sees of a picture: equal hashes, equal embeddings. Mixed into prefix hashes, and the key of encoder results.</summary>
/// <param name="Value">128 bits.</param>
internal readonly record struct PictureHash(UInt128 Value)
{
    /// <summary>The hash of a picture at the size in which it is cut into patches.</summary>
    /// <param name="picture">After resizing.</param>
    /// <param name="layout">How samples become numbers.</param>
    /// <param name="config">How pixels become patches.</param>
    /// <remarks>
    /// The preprocessed samples are hashed, not the file: the same picture sent as PNG, WebP or with other metadata is one entry, and every setting that
    /// changes the encoder's input changes the hash. Sizes come first, since 2 x 8 and 4 x 4 pixels may hold the same bytes.
    /// SHA-256, cut to 128 bits, where token prefixes use XXH3: a picture is bulk bytes that the caller chooses, collisions of XXH3 can be made
    /// to order, and a collision would show one caller another's picture. It costs about 6 ms a megapixel, a quarter of decoding it (measured, 2 cores).
    /// </remarks>
    public static PictureHash Of(Picture picture, PatchLayout layout, PictureProcessorConfig config)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> sizes = stackalloc byte[5 * sizeof(int)];
        ReadOnlySpan<int> numbers = [picture.Width, picture.Height, config.PatchSize, config.MergeSize, config.TemporalPatchSize];
        for (var i = 0; i < numbers.Length; i++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(sizes[(i * sizeof(int))..], numbers[i]);
        }

        hash.AppendData(sizes);
        hash.AppendData(MemoryMarshal.AsBytes(layout.Values));
        hash.AppendData(picture.Samples);
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        hash.GetHashAndReset(digest);
        return new PictureHash(BinaryPrimitives.ReadUInt128BigEndian(digest));
    }

    /// <summary>The form in which it crosses silos.</summary>
    public PictureKey ToKey() => new((ulong)(Value >> 64), (ulong)Value);

    /// <summary>The form in which it came from another silo.</summary>
    public static PictureHash FromKey(PictureKey key) => new(new UInt128(key.High, key.Low));

    public override string ToString() => Value.ToString("x32", System.Globalization.CultureInfo.InvariantCulture);
}

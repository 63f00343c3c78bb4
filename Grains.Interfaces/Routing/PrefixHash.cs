using System.Buffers.Binary;
using System.IO.Hashing;
using System.Runtime.InteropServices;
using System.Text;

namespace XLLM.Grains.Interfaces.Routing;

/// <summary>Name of a full KV block and of everything before it. Routers, replicas and stored blocks must agree on it, so it is contract.</summary>
/// <param name="High">Upper 64 bits.</param>
/// <param name="Low">Lower 64 bits.</param>
[GenerateSerializer, Immutable, Alias("xllm.prefix-hash")]
public readonly record struct PrefixHash([property: Id(0)] ulong High, [property: Id(1)] ulong Low)
{
    /// <summary>The parent of a sequence's first block. XXH3-128 over the UTF-8 of "model NUL salt", so models and salts share nothing.</summary>
    /// <param name="model">Model name.</param>
    /// <param name="cacheSalt">Salt of the request, or null.</param>
    public static PrefixHash Root(string model, string? cacheSalt) => From(XxHash128.HashToUInt128(Encoding.UTF8.GetBytes($"{model}\0{cacheSalt}")));

    /// <summary>The hash of the next full block: XXH3-128 over (parent as 16 little-endian bytes, token ids as 4 little-endian bytes each, extra).</summary>
    /// <param name="tokens">Exactly one KV block of token ids.</param>
    /// <param name="extra">Hash of what else the block depends on (a picture whose tokens begin in it: <see cref="PictureMark.Write"/>); empty for text.</param>
    public PrefixHash Next(ReadOnlySpan<int> tokens, ReadOnlySpan<byte> extra = default)
    {
        Span<byte> bytes = stackalloc byte[16 + (tokens.Length * sizeof(int)) + extra.Length];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, Low);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[8..], High);
        if (BitConverter.IsLittleEndian)
        {
            MemoryMarshal.AsBytes(tokens).CopyTo(bytes[16..]);
        }
        else
        {
            for (var i = 0; i < tokens.Length; i++)
            {
                BinaryPrimitives.WriteInt32LittleEndian(bytes[(16 + (i * sizeof(int)))..], tokens[i]);
            }
        }

        extra.CopyTo(bytes[(16 + (tokens.Length * sizeof(int)))..]);
        return From(XxHash128.HashToUInt128(bytes));
    }

    /// <summary>Hashes of all full blocks of a prompt, in order.</summary>
    /// <param name="root">Result of <see cref="Root"/>.</param>
    /// <param name="tokens">The prompt.</param>
    /// <param name="blockTokens">Tokens of one KV block.</param>
    /// <param name="pictures">The prompt's pictures, in order.</param>
    public static PrefixHash[] Chain(PrefixHash root, ReadOnlySpan<int> tokens, int blockTokens, ReadOnlySpan<PictureMark> pictures = default)
    {
        Span<byte> extra = pictures.IsEmpty ? [] : new byte[blockTokens * PictureMark.Bytes];
        var hashes = new PrefixHash[tokens.Length / blockTokens];
        for (var i = 0; i < hashes.Length; i++)
        {
            var length = PictureMark.Write(pictures, i * blockTokens, blockTokens, extra);
            root = root.Next(tokens.Slice(i * blockTokens, blockTokens), extra[..length]);
            hashes[i] = root;
        }

        return hashes;
    }

    /// <summary>32 hexadecimal digits.</summary>
    public override string ToString() => $"{High:x16}{Low:x16}";

    private static PrefixHash From(UInt128 value) => new((ulong)(value >> 64), (ulong)value);
}

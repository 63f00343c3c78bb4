using System.Runtime.InteropServices;
using System.Text;

namespace XLLM.Silo.Tests.Weights.Gguf;

/// <summary>Writes GGUF files, right ones and wrong ones.</summary>
internal sealed class GgufBuilder
{
    private readonly List<(string Key, byte[] Value)> _keys = [];
    private readonly List<(string Name, uint Type, int[] Shape, byte[] Data, ulong? Offset)> _tensors = [];

    public int Alignment { get; init; } = 32;

    public uint Version { get; init; } = 3;

    public GgufBuilder Text(string key, string value) => Add(key, 8, Bytes(value));

    public GgufBuilder Integer(string key, uint value) => Add(key, 4, BitConverter.GetBytes(value));

    public GgufBuilder Number(string key, float value) => Add(key, 6, BitConverter.GetBytes(value));

    public GgufBuilder Flag(string key, bool value) => Add(key, 7, [value ? (byte)1 : (byte)0]);

    public GgufBuilder Texts(string key, params string[] values) => Add(key, 9, [.. BitConverter.GetBytes(8u), .. BitConverter.GetBytes((ulong)values.Length), .. values.SelectMany(Bytes)]);

    public GgufBuilder Integers(string key, params int[] values) => Add(key, 9, [.. BitConverter.GetBytes(5u), .. BitConverter.GetBytes((ulong)values.Length), .. values.SelectMany(BitConverter.GetBytes)]);

    /// <summary>A key of any value type and bytes.</summary>
    public GgufBuilder Add(string key, uint type, byte[] value)
    {
        _keys.Add((key, [.. BitConverter.GetBytes(type), .. value]));
        return this;
    }

    /// <summary>An F32 tensor.</summary>
    public GgufBuilder Tensor(string name, int[] shape, params float[] values) => Tensor(name, 0, shape, MemoryMarshal.AsBytes(values.AsSpan()).ToArray());

    /// <summary>A tensor of any type and bytes.</summary>
    /// <param name="name">Name.</param>
    /// <param name="type">Number of the type.</param>
    /// <param name="shape">Slowest first; written the other way round.</param>
    /// <param name="data">Bytes.</param>
    /// <param name="offset">Where the file says that it is; null: where it is.</param>
    public GgufBuilder Tensor(string name, uint type, int[] shape, byte[] data, ulong? offset = null)
    {
        _tensors.Add((name, type, shape, data, offset));
        return this;
    }

    public byte[] Build()
    {
        using var file = new MemoryStream();
        using var writer = new BinaryWriter(file);
        writer.Write("GGUF"u8);
        writer.Write(Version);
        writer.Write((ulong)_tensors.Count);
        writer.Write((ulong)_keys.Count);
        foreach (var (key, value) in _keys)
        {
            writer.Write(Bytes(key));
            writer.Write(value);
        }

        var offset = 0L;
        foreach (var (name, type, shape, data, claimed) in _tensors)
        {
            writer.Write(Bytes(name));
            writer.Write(shape.Length);
            foreach (var dimension in shape.Reverse())
            {
                writer.Write((ulong)dimension);
            }

            writer.Write(type);
            writer.Write(claimed ?? (ulong)offset);
            offset += Aligned(data.Length);
        }

        writer.Write(new byte[Aligned(file.Length) - file.Length]);
        foreach (var (_, _, _, data, _) in _tensors)
        {
            writer.Write(data);
            writer.Write(new byte[Aligned(data.Length) - data.Length]);
        }

        return file.ToArray();
    }

    private long Aligned(long bytes) => (bytes + Alignment - 1) / Alignment * Alignment;

    private static byte[] Bytes(string text) => [.. BitConverter.GetBytes((ulong)Encoding.UTF8.GetByteCount(text)), .. Encoding.UTF8.GetBytes(text)];
}

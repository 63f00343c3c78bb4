using System.Buffers.Binary;
using System.Text;
using System.Text.Json;

namespace XLLM.Silo.Tests.Weights;

/// <summary>Writes safetensors files, right ones and wrong ones.</summary>
internal sealed class SafetensorsBuilder
{
    private readonly List<(string Name, string Type, int[] Shape, byte[] Data)> _tensors = [];

    public SafetensorsBuilder Add(string name, int[] shape, params float[] values)
    {
        var data = new byte[values.Length * 4];
        for (var i = 0; i < values.Length; i++)
        {
            BinaryPrimitives.WriteSingleLittleEndian(data.AsSpan(i * 4), values[i]);
        }

        return Add(name, "F32", shape, data);
    }

    public SafetensorsBuilder Add(string name, string type, int[] shape, byte[] data)
    {
        _tensors.Add((name, type, shape, data));
        return this;
    }

    /// <summary>Random numbers of deviation 0.3, or around 1 for the weights of norms.</summary>
    public SafetensorsBuilder AddRandom(Random random, string name, params int[] shape)
    {
        var centre = shape.Length == 1 && name.EndsWith("weight", StringComparison.Ordinal) ? 1 : 0;
        var values = new float[shape.Aggregate(1, (product, dimension) => product * dimension)];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = centre + ((random.NextSingle() - 0.5f) * 0.6f);
        }

        return Add(name, shape, values);
    }

    public byte[] Build()
    {
        var offset = 0;
        var entries = new List<string> { "\"__metadata__\":{\"format\":\"pt\"}" };
        foreach (var (name, type, shape, data) in _tensors)
        {
            entries.Add($"{JsonSerializer.Serialize(name)}:{{\"dtype\":\"{type}\",\"shape\":[{string.Join(',', shape)}],\"data_offsets\":[{offset},{offset + data.Length}]}}");
            offset += data.Length;
        }

        return Raw($"{{{string.Join(',', entries)}}}", [.. _tensors.SelectMany(tensor => tensor.Data)]);
    }

    public void Write(string path) => File.WriteAllBytes(path, Build());

    /// <summary>A file of any header text.</summary>
    public static byte[] Raw(string header, byte[] data)
    {
        var json = Encoding.UTF8.GetBytes(header);
        var file = new byte[8 + json.Length + data.Length];
        BinaryPrimitives.WriteInt64LittleEndian(file, json.Length);
        json.CopyTo(file, 8);
        data.CopyTo(file, 8 + json.Length);
        return file;
    }
}

using System.Buffers.Binary;
using XLLM.NativeBackends.Ops;

namespace XLLM.Silo.Weights;

/// <summary>One safetensors file, mapped into memory and checked as a whole when it is opened.</summary>
internal sealed unsafe class SafetensorsFile
{
    private const int LengthBytes = 8;

    private readonly MappedFile _file;
    private readonly long _dataStart;
    private readonly Dictionary<string, TensorPlace> _places;

    private SafetensorsFile(string path, MappedFile file, long dataStart, IReadOnlyList<TensorPlace> places)
    {
        Path = path;
        _file = file;
        _dataStart = dataStart;
        _places = places.ToDictionary(place => place.Name, StringComparer.Ordinal);
    }

    /// <summary>Where it is.</summary>
    public string Path { get; }

    /// <summary>What it holds, by name.</summary>
    public IReadOnlyDictionary<string, TensorPlace> Tensors => _places;

    /// <summary>Maps a file and checks its header.</summary>
    /// <exception cref="CheckpointException">The file cannot be read or breaks a rule of the format.</exception>
    public static SafetensorsFile Open(string path)
    {
        var file = MappedFile.Open(path);
        var after = file.Bytes - LengthBytes;
        if (after < 0)
        {
            throw new CheckpointException($"{path}: {file.Bytes} bytes are no safetensors file; its first {LengthBytes} give the header's length");
        }

        var length = BinaryPrimitives.ReadUInt64LittleEndian(new ReadOnlySpan<byte>((void*)file.Address, LengthBytes));
        if (length > SafetensorsHeader.MaxBytes || length > (ulong)after)
        {
            throw new CheckpointException(
                $"{path}: the header claims {length} bytes, but {after} follow and at most {SafetensorsHeader.MaxBytes} are allowed; the file is cut off or no safetensors file");
        }

        var json = new ReadOnlySpan<byte>((void*)(file.Address + LengthBytes), (int)length).ToArray();
        var places = SafetensorsHeader.Parse(path, json, after - (long)length);
        return new SafetensorsFile(path, file, LengthBytes + (long)length, places);
    }

    /// <summary>A tensor's place in memory; it keeps the file mapped.</summary>
    /// <exception cref="CheckpointException">No such tensor, or of a type that nothing here computes with.</exception>
    public HostTensor Get(string name)
    {
        if (!_places.TryGetValue(name, out var place))
        {
            throw new CheckpointException($"{Path}: no tensor \"{name}\"{SimilarNames.Hint(name, _places.Keys)}");
        }

        return place.DType is { } dtype
            ? new HostTensor(name, dtype, place.Shape, _file.Address + (nint)(_dataStart + place.Begin), _file)
            : throw new CheckpointException($"{Path}: tensor \"{name}\" has element type {place.Type}, which no weight here may have");
    }
}

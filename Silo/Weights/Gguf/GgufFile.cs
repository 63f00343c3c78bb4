using XLLM.NativeBackends.Ops;

namespace XLLM.Silo.Weights.Gguf;

/// <summary>One GGUF file, mapped into memory and checked as a whole when it is opened.</summary>
internal sealed unsafe class GgufFile
{
    /// <summary>End of the names of such files.</summary>
    public const string Extension = ".gguf";

    private readonly MappedFile _file;
    private readonly long _dataStart;
    private readonly Dictionary<string, GgufTensor> _tensors;

    private GgufFile(string path, MappedFile file, GgufHeader header)
    {
        Path = path;
        Metadata = header.Metadata;
        _file = file;
        _dataStart = header.DataStart;
        _tensors = header.Tensors.ToDictionary(tensor => tensor.Name, StringComparer.Ordinal);
    }

    /// <summary>Where it is.</summary>
    public string Path { get; }

    /// <summary>Keys and values.</summary>
    public GgufMetadata Metadata { get; }

    /// <summary>What it holds, by name.</summary>
    public IReadOnlyDictionary<string, GgufTensor> Tensors => _tensors;

    /// <summary>Maps a file and checks its header.</summary>
    /// <exception cref="CheckpointException">The file cannot be read or breaks a rule of the format.</exception>
    public static GgufFile Open(string path)
    {
        var file = MappedFile.Open(path);
        var beginning = new ReadOnlySpan<byte>((void*)file.Address, (int)Math.Min(file.Bytes, int.MaxValue));
        var header = GgufHeader.Parse(path, beginning, file.Bytes);
        GC.KeepAlive(file);
        return new GgufFile(path, file, header);
    }

    /// <summary>The file that a path means: the file itself, or the only one in a folder that has no config.json; null for anything else.</summary>
    /// <exception cref="CheckpointException">The folder has several.</exception>
    public static string? Find(string path)
    {
        if (File.Exists(path))
        {
            return path.EndsWith(Extension, StringComparison.OrdinalIgnoreCase) ? System.IO.Path.GetFullPath(path) : null;
        }

        if (!Directory.Exists(path) || File.Exists(System.IO.Path.Combine(path, "config.json")))
        {
            return null;
        }

        var files = Directory.GetFiles(path, $"*{Extension}").Order(StringComparer.Ordinal).ToArray();
        return files.Length switch
        {
            0 => null,
            1 => System.IO.Path.GetFullPath(files[0]),
            _ => throw new CheckpointException($"{path}: {files.Length} GGUF files ({string.Join(", ", files.Take(4).Select(System.IO.Path.GetFileName))}{(files.Length > 4 ? ", ..." : "")}); name the one to load. Files split into parts are not supported"),
        };
    }

    /// <summary>A tensor's place in memory, as plain elements or as rows of bytes; it keeps the file mapped.</summary>
    /// <param name="tensor">Of <see cref="Tensors"/>.</param>
    /// <param name="name">What it is called from here on.</param>
    /// <returns>Plain elements in their shape; blocks as U8 [rows, bytes of a row].</returns>
    /// <exception cref="UnsupportedModelException">Its type is one that nothing here computes with.</exception>
    public HostTensor Get(GgufTensor tensor, string name)
    {
        var address = _file.Address + (nint)(_dataStart + tensor.Offset);
        if (tensor.Type.Dense is { } dtype)
        {
            return new HostTensor(name, dtype, tensor.Shape, address, _file);
        }

        if (tensor.Type.Blocks is not { } format)
        {
            throw new UnsupportedModelException($"{Path}: tensor {GgufCursor.Quoted(tensor.Name)} is {tensor.Type.Name}, which is not supported; supported: {GgufType.Supported}");
        }

        var rowBytes = format.RowBytes(tensor.Shape[^1]);
        return new HostTensor(name, DType.U8, [checked((int)(tensor.Bytes / rowBytes)), checked((int)rowBytes)], address, _file);
    }
}

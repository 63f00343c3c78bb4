using System.Text.Json;
using XLLM.NativeBackends.Ops;

namespace XLLM.Silo.Weights;

/// <summary>The tensors of a folder in the Hugging Face layout: one safetensors file, or shards with an index.</summary>
internal sealed class SafetensorsSource : ITensorSource
{
    private const string IndexName = "model.safetensors.index.json";
    private const string SingleName = "model.safetensors";

    private readonly Dictionary<string, SafetensorsFile> _files;

    private SafetensorsSource(string place, Dictionary<string, SafetensorsFile> files)
    {
        Place = place;
        _files = files;
        TotalBytes = files.Sum(pair => pair.Value.Tensors[pair.Key] is var at ? at.End - at.Begin : 0);
    }

    /// <inheritdoc/>
    public string Place { get; }

    /// <inheritdoc/>
    public IReadOnlyCollection<string> Names => _files.Keys;

    /// <inheritdoc/>
    public long? TotalBytes { get; }

    /// <summary>Opens all files of a folder: those of its index, or model.safetensors, or the one *.safetensors file that is there.</summary>
    /// <exception cref="CheckpointException">No such file, a shard is missing, or a file is damaged.</exception>
    public static SafetensorsSource Open(string folder)
    {
        if (File.Exists(Path.Combine(folder, IndexName)))
        {
            return OpenShards(folder, Path.Combine(folder, IndexName));
        }

        var single = Path.Combine(folder, SingleName);
        if (!File.Exists(single))
        {
            var present = Directory.GetFiles(folder, "*.safetensors").Order(StringComparer.Ordinal).ToArray();
            single = present.Length switch
            {
                1 => present[0],
                0 => throw NoWeights(folder),
                _ => throw new CheckpointException(
                    $"{folder}: {present.Length} safetensors files ({string.Join(", ", present.Take(4).Select(Path.GetFileName))}, ...) but no {IndexName} that says which tensor is where"),
            };
        }

        var file = SafetensorsFile.Open(single);
        return new SafetensorsSource(single, file.Tensors.Keys.ToDictionary(name => name, _ => file, StringComparer.Ordinal));
    }

    /// <inheritdoc/>
    public HostTensor? Find(string name, IReadOnlyList<int> shape, DType type = DType.BF16) => _files.TryGetValue(name, out var file) ? file.Get(name) : null;

    private static CheckpointException NoWeights(string folder) =>
        Directory.EnumerateFiles(folder, "*.gguf").Any()
            ? new UnsupportedModelException($"{folder}: no safetensors files beside config.json, but a GGUF file: name that file itself")
            : new CheckpointException($"{folder}: no weights: neither {IndexName} nor {SingleName} nor any other *.safetensors file is there; other formats must be converted first");

    private static SafetensorsSource OpenShards(string folder, string indexPath)
    {
        var shards = new Dictionary<string, SafetensorsFile>(StringComparer.Ordinal);
        var files = new Dictionary<string, SafetensorsFile>(StringComparer.Ordinal);
        foreach (var (tensor, shard) in ReadIndex(indexPath))
        {
            if (!shards.TryGetValue(shard, out var file))
            {
                var path = Path.Combine(folder, shard);
                if (!File.Exists(path))
                {
                    throw new CheckpointException($"{indexPath}: tensor \"{tensor}\" is in shard \"{shard}\", which is missing; fetch it into {folder}");
                }

                shards.Add(shard, file = SafetensorsFile.Open(path));
            }

            if (!file.Tensors.ContainsKey(tensor))
            {
                throw new CheckpointException($"{indexPath}: tensor \"{tensor}\" should be in shard \"{shard}\", but is not{SimilarNames.Hint(tensor, file.Tensors.Keys)}");
            }

            files.Add(tensor, file);
        }

        // What a shard holds beside the index is offered too: if the model does not take it either, it is reported as left over.
        foreach (var (shard, file) in shards)
        {
            foreach (var tensor in file.Tensors.Keys)
            {
                files.TryAdd(tensor, file);
            }
        }

        return new SafetensorsSource(indexPath, files);
    }

    private static Dictionary<string, string> ReadIndex(string path)
    {
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(path), new JsonDocumentOptions { AllowDuplicateProperties = false });
            if (document.RootElement.ValueKind != JsonValueKind.Object
                || !document.RootElement.TryGetProperty("weight_map", out var map) || map.ValueKind != JsonValueKind.Object || map.GetPropertyCount() == 0)
            {
                throw new CheckpointException($"{path}: \"weight_map\" is missing or empty; it is an object from tensor name to shard file");
            }

            var index = new Dictionary<string, string>(StringComparer.Ordinal);
            foreach (var entry in map.EnumerateObject())
            {
                // A shard is a name inside the folder: an index from elsewhere must not make us read other files.
                var shard = entry.Value.ValueKind == JsonValueKind.String ? entry.Value.GetString()! : string.Empty;
                if (shard.Length == 0 || shard.Contains('\0', StringComparison.Ordinal) || shard is "." or ".." || shard.AsSpan().ContainsAny('/', '\\'))
                {
                    throw new CheckpointException($"{path}: tensor \"{entry.Name}\" is mapped to {entry.Value.GetRawText()}, which is no file name in the folder");
                }

                index.Add(entry.Name, shard);
            }

            return index;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException($"{path}: cannot be read: {exception.Message}", exception);
        }
    }
}

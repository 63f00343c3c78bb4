namespace XLLM.Silo.Hosting;

/// <summary>What a model's files are and how large its weights are.</summary>
internal static class ModelFiles
{
    private static readonly string[] Weights = ["*.safetensors", "*.gguf"];

    /// <summary>Bytes of weights in a model folder, or of a GGUF file; 0 where there are none, as with random weights.</summary>
    public static long Bytes(string path)
    {
        try
        {
            return File.Exists(path)
                ? IsGguf(path) ? new FileInfo(path).Length : 0
                : Directory.Exists(path) ? Weights.Sum(pattern => Directory.EnumerateFiles(path, pattern).Sum(file => new FileInfo(file).Length)) : 0;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return 0;       // it vanished while we looked; loading it will say so
        }
    }

    /// <summary>The models in a folder: subfolders with a <c>config.json</c>, and GGUF files; by name.</summary>
    public static IEnumerable<ModelSource> In(string folder)
    {
        if (folder.Length == 0 || !Directory.Exists(folder))
        {
            return [];
        }

        var path = Path.GetFullPath(folder);
        return Directory.EnumerateDirectories(path).Where(one => File.Exists(Path.Combine(one, "config.json")))
            .Concat(Directory.EnumerateFiles(path, "*.gguf"))
            .Select(ModelSource.Parse)
            .OrderBy(source => source.Name, StringComparer.Ordinal);
    }

    private static bool IsGguf(string path) => Path.GetExtension(path) == ".gguf";
}

using System.Globalization;
using System.IO.Hashing;

namespace XLLM.Silo.Hosting;

/// <summary>Tells checkpoints apart by their bytes, without reading all of them: names, sizes, and samples of every file.</summary>
/// <remarks>Says nothing of dates or paths, so that copies on several machines are the same checkpoint. A fine-tuned model differs in nearly every sample.</remarks>
internal static class WeightsFingerprint
{
    private const int Samples = 64;
    private const int SampleBytes = 4096;

    /// <summary>Hash of a folder's weights and configuration, of a single file, or of a configuration for random weights.</summary>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static string Of(string path)
    {
        var files = Directory.Exists(path)
            ? Directory.EnumerateFiles(path).Where(file => Path.GetExtension(file) is ".safetensors" or ".json" or ".gguf").Order(StringComparer.Ordinal).ToArray()
            : [path];
        var hash = new XxHash128();
        var sample = new byte[SampleBytes];
        foreach (var file in files)
        {
            using var handle = File.OpenHandle(file);
            var length = RandomAccess.GetLength(handle);
            hash.Append(System.Text.Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{Path.GetFileName(file)}\0{length}\0")));
            for (var i = 0; i < Samples; i++)
            {
                var read = RandomAccess.Read(handle, sample, (long)((double)i / Samples * length));
                hash.Append(sample.AsSpan(0, read));
            }
        }

        return hash.GetCurrentHashAsUInt128().ToString("x32", CultureInfo.InvariantCulture);
    }
}

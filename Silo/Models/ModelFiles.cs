using XLLM.Silo.Weights;
using XLLM.Silo.Weights.Gguf;
using XLLM.Silo.Weights.Quantization;

namespace XLLM.Silo.Models;

/// <summary>What a path means: which file has the configuration, where the weights are, how they are stored.</summary>
internal sealed class ModelFiles
{
    private const string ConfigName = "config.json";
    private const string GenerationName = "generation_config.json";

    private readonly ModelLoadOptions _options;
    private readonly GgufSource? _gguf;

    private ModelFiles(ModelConfigReader config, ModelConfigReader? generation, GgufSource? gguf, ModelLoadOptions options) =>
        (Config, Generation, _gguf, _options) = (config, generation, gguf, options);

    /// <summary>config.json, or a GGUF file's keys in its form.</summary>
    public ModelConfigReader Config { get; }

    /// <summary>generation_config.json, or null.</summary>
    public ModelConfigReader? Generation { get; }

    /// <summary>Finds the files.</summary>
    /// <param name="path">A folder, a GGUF file, or for random weights a config file.</param>
    /// <param name="options">How to load.</param>
    /// <exception cref="CheckpointException">There is no model; one line that says what to give instead.</exception>
    public static ModelFiles Open(string path, ModelLoadOptions options)
    {
        if (GgufFile.Find(path) is { } ggufPath)
        {
            var file = GgufFile.Open(ggufPath);
            var keys = GgufConfig.Read(file);
            return new(keys, null, new GgufSource(file, keys), options);
        }

        var config = OpenConfig(path, options.Format);

        // A single config file has no folder of its own: what lies beside it belongs to another model.
        var generationPath = Path.Combine(Path.GetDirectoryName(config.File)!, GenerationName);
        var generation = Path.GetFileName(config.File) == ConfigName && File.Exists(generationPath) ? ModelConfigReader.Load(generationPath) : null;
        return new(config, generation, null, options);
    }

    /// <summary>Opens the weights.</summary>
    public ITensorSource Source() => _options.Format == LoadFormat.Dummy
        ? new DummySource(Config.File, _options.Seed)
        : _gguf ?? (ITensorSource)SafetensorsSource.Open(Path.GetDirectoryName(Config.File)!);

    /// <summary>How the weights are stored, and what they become.</summary>
    /// <exception cref="UnsupportedModelException">They are quantized in a way that this build does not have, or are to be quantized twice.</exception>
    public IQuantization Quantization()
    {
        var stored = _gguf is not null && _options.Format != LoadFormat.Dummy ? _gguf : Quantizations.Of(Config);
        if (_options.Quantize == QuantizeTo.None)
        {
            return stored;
        }

        return stored is DenseScheme dense
            ? new QuantizeAtLoad(dense, _options.Quantize)
            : throw new UnsupportedModelException($"{Config.File}: these weights are quantized already; to quantize while loading ({_options.Quantize}) is for checkpoints of plain floats");
    }

    private static ModelConfigReader OpenConfig(string path, LoadFormat format)
    {
        if (format == LoadFormat.Dummy && File.Exists(path))
        {
            return ModelConfigReader.Load(Path.GetFullPath(path));
        }

        const string Expected = $"give a model folder in the Hugging Face layout ({ConfigName}, *.safetensors, tokenizer.json) or a GGUF file";
        if (!Directory.Exists(path))
        {
            throw new CheckpointException($"{path}: {(File.Exists(path) ? "is a file" : "no such folder")}; {Expected}");
        }

        var config = Path.GetFullPath(Path.Combine(path, ConfigName));
        return File.Exists(config) ? ModelConfigReader.Load(config) : throw new CheckpointException($"{path}: no {ConfigName}; {Expected}");
    }
}

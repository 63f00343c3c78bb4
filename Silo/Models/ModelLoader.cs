using XLLM.NativeBackends.Ops;
using XLLM.Silo.Weights;

namespace XLLM.Silo.Models;

/// <summary>A folder in the Hugging Face layout to a model.</summary>
internal static class ModelLoader
{
    private const string ConfigName = "config.json";
    private const string GenerationName = "generation_config.json";

    /// <summary>Loads a model.</summary>
    /// <param name="path">The folder; for random weights a single config file will do.</param>
    /// <param name="backend">Imports the weights; must outlive the model.</param>
    /// <param name="options">How to load.</param>
    /// <param name="progress">Told after every tensor; null: nobody.</param>
    /// <exception cref="CheckpointException">The folder is missing, damaged or (<see cref="UnsupportedModelException"/>) not supported; one line that says what to do.</exception>
    public static LoadedModel Load(string path, IBackend backend, ModelLoadOptions options, IProgress<LoadProgress>? progress = null)
    {
        var config = OpenConfig(path, options.Format);
        var architecture = config.Texts("architectures") is [var first, ..]
            ? first
            : throw config.Fault("architectures", $"is missing or empty; expected one of: {string.Join(", ", ModelRegistry.Architectures)}");
        var create = ModelRegistry.Find(architecture, config.File);
        RejectQuantization(config);

        var folder = Path.GetDirectoryName(config.File)!;
        ITensorSource source = options.Format == LoadFormat.Dummy ? new DummySource(config.File, options.Seed) : SafetensorsSource.Open(folder);
        var checkpoint = new Checkpoint(source, backend, options.MatrixCheck, progress);
        var model = create(config, checkpoint);
        var totals = checkpoint.Finish();

        // A single config file has no folder of its own: what lies beside it belongs to another model.
        var generationPath = Path.Combine(folder, GenerationName);
        var generation = Path.GetFileName(config.File) == ConfigName && File.Exists(generationPath) ? ModelConfigReader.Load(generationPath) : null;
        return new LoadedModel(model, new ModelInfo
        {
            Architecture = architecture,
            ModelType = config.OptionalText("model_type") ?? string.Empty,
            ContextLength = model.MaxContext,
            VocabularySize = model.VocabularySize,
            EosTokenIds = ReadEosTokenIds(model.VocabularySize, config, generation),
            BosTokenId = config.TokenIds("bos_token_id") is [var bos, ..] ? bos : null,
            Generation = GenerationDefaults.Read(generation),
            Parameters = totals.Parameters,
            WeightBytes = totals.Bytes,
        });
    }

    private static ModelConfigReader OpenConfig(string path, LoadFormat format)
    {
        if (format == LoadFormat.Dummy && File.Exists(path))
        {
            return ModelConfigReader.Load(Path.GetFullPath(path));
        }

        if (!Directory.Exists(path))
        {
            throw new CheckpointException(
                $"{path}: {(File.Exists(path) ? "is a file" : "no such folder")}; give a model folder in the Hugging Face layout ({ConfigName}, *.safetensors, tokenizer.json)");
        }

        var config = Path.GetFullPath(Path.Combine(path, ConfigName));
        if (File.Exists(config))
        {
            return ModelConfigReader.Load(config);
        }

        throw Directory.EnumerateFiles(path, "*.gguf").Any()
            ? new UnsupportedModelException($"{path}: GGUF files are not supported yet; give the model as {ConfigName} and *.safetensors")
            : new CheckpointException($"{path}: no {ConfigName}; give a model folder in the Hugging Face layout ({ConfigName}, *.safetensors, tokenizer.json)");
    }

    private static void RejectQuantization(ModelConfigReader config)
    {
        if (config.Section("quantization_config") is { } quantization)
        {
            throw config.Unsupported("quantization_config", $"asks for \"{quantization.OptionalText("quant_method") ?? "an unnamed method"}\": quantized weights are not supported yet");
        }
    }

    private static int[] ReadEosTokenIds(int vocabulary, params ModelConfigReader?[] files)
    {
        var ids = new SortedSet<int>();
        foreach (var file in files.OfType<ModelConfigReader>())
        {
            foreach (var id in file.TokenIds("eos_token_id"))
            {
                _ = id < vocabulary ? ids.Add(id) : throw file.Fault("eos_token_id", $"is {id}, but the vocabulary has {vocabulary} tokens");
            }
        }

        return [.. ids];
    }
}

using XLLM.NativeBackends.Ops;
using XLLM.Silo.Weights;

namespace XLLM.Silo.Models;

/// <summary>A folder in the Hugging Face layout, or a GGUF file, to a model.</summary>
internal static class ModelLoader
{
    /// <summary>Loads a model.</summary>
    /// <param name="path">The folder; or a GGUF file, or a folder with one and no config.json; for random weights a single config file will do.</param>
    /// <param name="backend">Imports the weights; must outlive the model.</param>
    /// <param name="options">How to load.</param>
    /// <param name="progress">Told after every tensor; null: nobody.</param>
    /// <exception cref="CheckpointException">The folder is missing, damaged or (<see cref="UnsupportedModelException"/>) not supported; one line that says what to do.</exception>
    public static LoadedModel Load(string path, IBackend backend, ModelLoadOptions options, IProgress<LoadProgress>? progress = null)
    {
        var files = ModelFiles.Open(path, options);
        var config = files.Config;
        var architecture = config.Texts("architectures") is [var first, ..]
            ? first
            : throw config.Fault("architectures", $"is missing or empty; expected one of: {string.Join(", ", ModelRegistry.Architectures)}");
        var create = ModelRegistry.Find(architecture, config.File);
        var quantization = files.Quantization();
        var checkpoint = new Checkpoint(files.Source(), backend, options.MatrixCheck, progress, quantization);
        var model = create(config, checkpoint);
        var totals = checkpoint.Finish();
        return new LoadedModel(model, new ModelInfo
        {
            Architecture = architecture,
            ModelType = config.OptionalText("model_type") ?? string.Empty,
            ContextLength = model.MaxContext,
            VocabularySize = model.VocabularySize,
            EosTokenIds = ReadEosTokenIds(model.VocabularySize, config, config.Section("text_config"), files.Generation),
            BosTokenId = config.TokenIds("bos_token_id") is [var bos, ..] ? bos : null,
            Generation = GenerationDefaults.Read(files.Generation),
            Parameters = totals.Parameters,
            WeightBytes = totals.Bytes,
        });
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

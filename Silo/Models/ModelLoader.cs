using XLLM.NativeBackends.Ops;
using XLLM.Silo.Models.Adapters;
using XLLM.Silo.Models.Layers;
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
        var architecture = ArchitectureOf(config);
        var create = ModelRegistry.Find(architecture, config.File);
        var quantization = files.Quantization();
        var checkpoint = new Checkpoint(files.Source(), backend, options.MatrixCheck, progress, quantization);
        var model = create(config, checkpoint);
        var totals = checkpoint.Finish();
        return new LoadedModel(model, Describe(architecture, files, model, totals, options.ReadsEndTokens), new LoraAdapters(checkpoint.Modules.OfType<Linear>(), backend));
    }

    /// <summary>What a model says about itself.</summary>
    /// <param name="architecture">As config.json spells it.</param>
    /// <param name="files">Where it comes from.</param>
    /// <param name="model">The wiring.</param>
    /// <param name="totals">What it took from its checkpoint.</param>
    /// <param name="readsEndTokens">See <see cref="ModelLoadOptions.ReadsEndTokens"/>.</param>
    /// <exception cref="CheckpointException">A token id is not in the vocabulary, or a suggestion for sampling is out of its range.</exception>
    internal static ModelInfo Describe(string architecture, ModelFiles files, ICausalModel model, LoadTotals totals, bool readsEndTokens = true) => new()
    {
        Architecture = architecture,
        ModelType = files.Config.OptionalText("model_type") ?? string.Empty,
        ContextLength = model.MaxContext,
        VocabularySize = model.VocabularySize,
        EosTokenIds = readsEndTokens ? ReadEosTokenIds(model.VocabularySize, files.Config, files.Config.Section("text_config"), files.Generation) : [],
        BosTokenId = files.Config.TokenIds("bos_token_id") is [var bos, ..] ? bos : null,
        Generation = GenerationDefaults.Read(files.Generation),
        Parameters = totals.Parameters,
        WeightBytes = totals.Bytes,
    };

    /// <summary>The architecture that config.json names first.</summary>
    /// <exception cref="CheckpointException">It names none.</exception>
    internal static string ArchitectureOf(ModelConfigReader config) => config.Texts("architectures") is [var first, ..]
        ? first
        : throw config.Fault("architectures", $"is missing or empty; expected one of: {string.Join(", ", ModelRegistry.Architectures)}");

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

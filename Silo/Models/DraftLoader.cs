using XLLM.NativeBackends.Ops;
using XLLM.Silo.Weights;

namespace XLLM.Silo.Models;

/// <summary>A folder to the draft model of a target: the target's own folder for its MTP layer, or that of an EAGLE-3 head.</summary>
internal static class DraftLoader
{
    /// <summary>Loads a draft model.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="target">Loaded on <paramref name="backend"/>; the draft shares its embedding and head where its own folder has none.</param>
    /// <param name="backend">Imports the weights; must outlive the model.</param>
    /// <param name="options">How to load.</param>
    /// <param name="progress">Told after every tensor; null: nobody.</param>
    /// <exception cref="CheckpointException">The folder is missing, damaged, not supported, or does not fit the target; one line that says what to do.</exception>
    public static LoadedDraft Load(string path, LoadedModel target, IBackend backend, ModelLoadOptions options, IProgress<LoadProgress>? progress = null)
    {
        var files = ModelFiles.Open(path, options);
        var config = files.Config;
        var architecture = config.Texts("architectures") is [var first, ..]
            ? first
            : throw config.Fault("architectures", $"is missing or empty; expected one of: {string.Join(", ", DraftRegistry.Architectures)}");
        var create = DraftRegistry.Find(architecture, config.File);
        var lender = target.Model as IDraftTarget
            ?? throw new UnsupportedModelException($"{config.File}: the target {target.Info.Architecture} hands out no hidden states, so it can have no draft model");
        RequireEqual(config, "vocab_size", target.Info.VocabularySize);
        RequireEqual(config, config.Has("target_hidden_size") ? "target_hidden_size" : "hidden_size", lender.HiddenSize);

        var checkpoint = new Checkpoint(files.Source(), backend, options.MatrixCheck, progress, files.Quantization());
        var model = create(config, checkpoint, lender);
        return new LoadedDraft(model, architecture, checkpoint.Finish());
    }

    private static void RequireEqual(ModelConfigReader config, string field, int target)
    {
        if (config.Integer(field) is var value && value != target)
        {
            throw config.Fault(field, $"is {value}, but the target's is {target}; this draft model belongs to another target");
        }
    }
}

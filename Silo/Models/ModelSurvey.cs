using XLLM.Silo.Weights;
using XLLM.Silo.Weights.Quantization;

namespace XLLM.Silo.Models;

/// <summary>What a model folder would become, told from configuration and headers: nothing is loaded.</summary>
internal sealed class ModelSurvey
{
    private readonly CheckpointSurvey _weights = new();

    private ModelSurvey()
    {
    }

    /// <summary>Every fault that would keep the model from being served, or make it wrong.</summary>
    public List<string> Faults { get; } = [];

    /// <summary>config.json, or a GGUF file's keys in its form; null where there is none that can be read.</summary>
    public ModelConfigReader? Config { get; private set; }

    /// <summary>What the model says about itself; null where its configuration is faulty.</summary>
    public ModelInfo? Info { get; private set; }

    /// <summary>What the layers keep; null likewise.</summary>
    public KvLayout? KvLayout { get; private set; }

    /// <summary>Whether the weights were there to be looked at.</summary>
    public bool HasWeights { get; private set; }

    /// <summary>Tensors that the model takes.</summary>
    public int Tensors { get; private set; }

    /// <summary>By format of weights in memory: matrices and bytes.</summary>
    public IReadOnlyDictionary<string, (int Matrices, long Bytes)> Formats => _weights.Formats;

    /// <summary>Looks at a model.</summary>
    /// <param name="path">A folder, a GGUF file, or a configuration alone.</param>
    /// <param name="options">How it would be loaded.</param>
    public static ModelSurvey Run(string path, ModelLoadOptions options)
    {
        var survey = new ModelSurvey();
        try
        {
            // A configuration alone is what random weights are made for.
            var isConfig = File.Exists(path) && path.EndsWith(".json", StringComparison.OrdinalIgnoreCase);
            survey.Look(ModelFiles.Open(path, isConfig ? options with { Format = LoadFormat.Dummy } : options), isConfig || options.Format == LoadFormat.Dummy);
        }
        catch (CheckpointException exception)
        {
            survey.Faults.Add(exception.Message);
        }

        return survey;
    }

    private void Look(ModelFiles files, bool isConfig)
    {
        Config = files.Config;
        var source = Source(files, isConfig);
        var quantization = Quantization(files);
        var architecture = ModelLoader.ArchitectureOf(files.Config);
        var checkpoint = Checkpoint.Survey(source, quantization, _weights);
        var model = ModelRegistry.Find(architecture, files.Config.File)(files.Config, checkpoint);
        var totals = checkpoint.Finish();
        Faults.AddRange(_weights.Faults);
        (KvLayout, Tensors) = (model.KvLayout, totals.Tensors);
        Info = ModelLoader.Describe(architecture, files, model, totals);
    }

    private ITensorSource Source(ModelFiles files, bool isConfig)
    {
        if (!isConfig)
        {
            try
            {
                var source = files.Source();
                HasWeights = true;
                return source;
            }
            catch (CheckpointException exception)
            {
                Faults.Add(exception.Message);
            }
        }

        return new ShapeSource(files.Config.File);
    }

    /// <summary>A scheme that is not known is a fault; the rest is looked at as if the weights were plain.</summary>
    private IQuantization Quantization(ModelFiles files)
    {
        try
        {
            return files.Quantization();
        }
        catch (CheckpointException exception)
        {
            Faults.Add(exception.Message);
            return DenseScheme.Instance;
        }
    }
}

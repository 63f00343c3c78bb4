using XLLM.Silo.Weights;

namespace XLLM.Silo.Hosting.Verification;

/// <summary>A checkpoint folder with what the reference implementation computes for it.</summary>
/// <remarks>golden.safetensors holds tensors named "N.what" where N numbers the prompt: "0.input_ids", "0.logits".</remarks>
internal sealed class GoldenCase
{
    /// <summary>Name of the file that makes a folder a case.</summary>
    public const string FileName = "golden.safetensors";

    private const string AboutName = "about.json";

    private readonly SafetensorsFile _golden;

    private GoldenCase(string folder, SafetensorsFile golden, IReadOnlyList<GoldenPrompt> prompts)
    {
        (Folder, _golden, Prompts) = (folder, golden, prompts);
        var about = Path.Combine(folder, AboutName);
        About = File.Exists(about) ? ModelConfigReader.Load(about) : null;
    }

    /// <summary>The checkpoint's folder.</summary>
    public string Folder { get; }

    /// <summary>What is said about the case, or null.</summary>
    public ModelConfigReader? About { get; }

    /// <summary>Greedy tokens were chosen among the ids below this; null: among all.</summary>
    public int? GreedyBelow => About?.OptionalInteger("greedy_below");

    /// <summary>By number.</summary>
    public IReadOnlyList<GoldenPrompt> Prompts { get; }

    /// <summary>What is recorded, without prompt numbers, in order of name: "greedy", "input_ids", "logits".</summary>
    public IReadOnlyList<string> Recorded => [.. _golden.Tensors.Keys.Select(name => name[(name.IndexOf('.', StringComparison.Ordinal) + 1)..]).Distinct().Order(StringComparer.Ordinal)];

    /// <summary>Opens the golden file of a folder.</summary>
    /// <exception cref="CheckpointException">It is damaged or holds no prompt.</exception>
    public static GoldenCase Open(string folder)
    {
        var golden = SafetensorsFile.Open(Path.Combine(folder, FileName));
        var prompts = new List<GoldenPrompt>();
        for (var number = 0; golden.Tensors.ContainsKey($"{number}.input_ids"); number++)
        {
            var ids = golden.Get($"{number}.input_ids").ToIntegers();
            prompts.Add(ids.Length > 0 ? new GoldenPrompt(golden, number, ids) : throw new CheckpointException($"{golden.Path}: prompt {number} is empty"));
        }

        return prompts.Count > 0 ? new GoldenCase(folder, golden, prompts) : throw new CheckpointException($"{golden.Path}: no tensor \"0.input_ids\", so there is no prompt to run");
    }
}

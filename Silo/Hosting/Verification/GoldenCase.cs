using XLLM.Silo.Weights;

namespace XLLM.Silo.Hosting.Verification;

/// <summary>A checkpoint folder with what the reference implementation computes for it.</summary>
/// <remarks>golden.safetensors holds tensors named "N.what" where N numbers the prompt: "0.input_ids", "0.logits".</remarks>
internal sealed class GoldenCase
{
    /// <summary>Name of the file that makes a folder a case.</summary>
    public const string FileName = "golden.safetensors";

    private readonly SafetensorsFile _golden;

    private GoldenCase(SafetensorsFile golden, IReadOnlyList<GoldenPrompt> prompts) => (_golden, Prompts) = (golden, prompts);

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

        return prompts.Count > 0 ? new GoldenCase(golden, prompts) : throw new CheckpointException($"{golden.Path}: no tensor \"0.input_ids\", so there is no prompt to run");
    }
}

/// <summary>One prompt of a case.</summary>
/// <param name="golden">The case's file.</param>
/// <param name="number">0, 1, ...</param>
/// <param name="tokenIds">The prompt's tokens; at least one.</param>
internal sealed class GoldenPrompt(SafetensorsFile golden, int number, int[] tokenIds)
{
    /// <summary>0, 1, ...</summary>
    public int Number { get; } = number;

    /// <summary>The prompt's tokens.</summary>
    public int[] TokenIds { get; } = tokenIds;

    /// <summary>Whether something is recorded for this prompt.</summary>
    public bool Has(string what) => golden.Tensors.ContainsKey($"{Number}.{what}");

    /// <summary>Recorded numbers of the shape that the check expects.</summary>
    /// <exception cref="CheckpointException">Missing, of another type or shape.</exception>
    public float[] Floats(string what, params int[] shape) => Shaped(what, shape).ToFloats();

    /// <summary>Recorded integers, one dimension.</summary>
    /// <exception cref="CheckpointException">Missing, of another type or shape.</exception>
    public int[] Integers(string what) => golden.Get($"{Number}.{what}").ToIntegers();

    private NativeBackends.Ops.HostTensor Shaped(string what, int[] shape)
    {
        var tensor = golden.Get($"{Number}.{what}");
        return tensor.Shape.SequenceEqual(shape)
            ? tensor
            : throw new CheckpointException($"{golden.Path}: tensor \"{tensor.Name}\" is [{string.Join(", ", tensor.Shape)}], but the model makes [{string.Join(", ", shape)}]");
    }
}

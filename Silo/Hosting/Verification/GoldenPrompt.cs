using XLLM.NativeBackends.Ops;
using XLLM.Silo.Weights;

namespace XLLM.Silo.Hosting.Verification;

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

    /// <summary>First dimension of something recorded.</summary>
    /// <exception cref="CheckpointException">Missing, or without dimensions.</exception>
    public int RowsOf(string what) => golden.Get($"{Number}.{what}").Shape is [var rows, ..] ? rows : 0;

    /// <summary>Recorded numbers of the shape that the check expects.</summary>
    /// <exception cref="CheckpointException">Missing, of another type or shape.</exception>
    public float[] Floats(string what, params int[] shape) => Shaped(what, shape).ToFloats();

    /// <summary>Recorded integers, one dimension.</summary>
    /// <exception cref="CheckpointException">Missing, of another type or shape.</exception>
    public int[] Integers(string what) => golden.Get($"{Number}.{what}").ToIntegers();

    private HostTensor Shaped(string what, int[] shape)
    {
        var tensor = golden.Get($"{Number}.{what}");
        return tensor.Shape.SequenceEqual(shape)
            ? tensor
            : throw new CheckpointException($"{golden.Path}: tensor \"{tensor.Name}\" is [{string.Join(", ", tensor.Shape)}], but the model makes [{string.Join(", ", shape)}]");
    }
}

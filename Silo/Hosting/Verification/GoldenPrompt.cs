using XLLM.NativeBackends.Ops;
using XLLM.Silo.Vision;
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

    /// <summary>Recorded numbers, in the shape in which they are.</summary>
    /// <exception cref="CheckpointException">Missing, or of another type.</exception>
    public float[] Floats(string what) => golden.Get($"{Number}.{what}").ToFloats();

    /// <summary>The last dimension of what is recorded.</summary>
    /// <exception cref="CheckpointException">Missing, or without dimensions.</exception>
    public int Columns(string what) => golden.Get($"{Number}.{what}") is { Shape: [.., > 0 and var last] }
        ? last
        : throw new CheckpointException($"{golden.Path}: tensor \"{Number}.{what}\" has no columns");

    /// <summary>Recorded integers, one dimension.</summary>
    /// <exception cref="CheckpointException">Missing, of another type or shape.</exception>
    public int[] Integers(string what) => golden.Get($"{Number}.{what}").ToIntegers();

    /// <summary>Recorded integers of the shape that the check expects.</summary>
    /// <exception cref="CheckpointException">Missing, of another type or shape.</exception>
    public int[] Integers(string what, params int[] shape) => Shaped(what, shape).ToIntegers();

    /// <summary>The patches of each of the prompt's pictures.</summary>
    /// <exception cref="CheckpointException">Missing, of another type or shape, or a number is not positive.</exception>
    public IReadOnlyList<PictureGrid> Grids()
    {
        var numbers = Integers("image_grid_thw");
        return numbers.Length % 3 == 0 && numbers.All(number => number is > 0 and < 1 << 12)
            ? [.. numbers.Chunk(3).Select(sides => new PictureGrid(sides[0], sides[1], sides[2]))]
            : throw new CheckpointException($"{golden.Path}: tensor \"{Number}.image_grid_thw\" holds {string.Join(", ", numbers)}; expected three numbers from 1 to 4095 for each picture");
    }

    private HostTensor Shaped(string what, int[] shape)
    {
        var tensor = golden.Get($"{Number}.{what}");
        return tensor.Shape.SequenceEqual(shape)
            ? tensor
            : throw new CheckpointException($"{golden.Path}: tensor \"{tensor.Name}\" is [{string.Join(", ", tensor.Shape)}], but the model makes [{string.Join(", ", shape)}]");
    }
}

using XLLM.NativeBackends.Ops;

namespace XLLM.Silo.Weights.Quantization;

/// <summary>The tensors of one module (a linear layer), as a scheme sees them: each is taken once, as with any tensor of the checkpoint.</summary>
/// <param name="ledger">The checkpoint.</param>
/// <param name="module">Name of the module: <c>model.layers.0.mlp.up_proj</c>.</param>
/// <param name="matrix">Last part of the name of its matrix, usually "weight".</param>
internal sealed class WeightParts(CheckpointLedger ledger, string module, string matrix)
{
    /// <summary>Types of weights and scales that are plain floats.</summary>
    private static readonly DType[] Floats = [DType.F32, DType.BF16, DType.F16];

    /// <summary>Name of the module.</summary>
    public string Module { get; } = module;

    /// <summary>Last part of the name of its matrix.</summary>
    public string Matrix { get; } = matrix;

    /// <summary>Name of the matrix: what a <see cref="Weight"/> is called.</summary>
    public string Name => Full(Matrix);

    /// <summary>Whether tensors are made on demand: then nothing is there that could tell how it is stored.</summary>
    public bool AreMade => ledger.MakesTensors;

    /// <summary>Whether the checkpoint has a tensor; never where they are made.</summary>
    /// <param name="part">Last part of its name.</param>
    public bool Has(string part) => ledger.Has(Full(part));

    /// <summary>Takes a tensor as it lies in the file.</summary>
    /// <param name="part">Last part of its name.</param>
    /// <param name="shape">What it must be.</param>
    /// <param name="types">What its elements may be; the first is what a source makes that makes tensors.</param>
    /// <exception cref="CheckpointException">It is missing, misshapen, of another type, or not finite.</exception>
    public HostTensor Take(string part, int[] shape, params DType[] types) => ledger.TakePart(Full(part), shape, types);

    /// <summary>Takes a matrix of plain floats.</summary>
    public HostTensor TakeDense(int rows, int columns) => Take(Matrix, [rows, columns], [DType.BF16, DType.F32, DType.F16]);

    /// <summary>Takes scales and converts them to F32.</summary>
    /// <param name="part">Last part of the name.</param>
    /// <param name="shapes">Shapes that it may have.</param>
    /// <returns>F32 of the shape that the checkpoint has.</returns>
    public HostTensor TakeScales(string part, params int[][] shapes)
    {
        var shape = shapes.FirstOrDefault(candidate => ledger.ShapeOf(Full(part)) is { } present && present.SequenceEqual(candidate)) ?? shapes[0];
        var stored = Take(part, shape, Floats);
        if (ledger.Surveys)
        {
            return stored with { Shape = shape };
        }

        var scales = HostMemory.Tensor(stored.Name, DType.F32, shape);
        stored.ReadFloats(0, scales.Values<float>());
        return scales;
    }

    /// <summary>The shape of a tensor, or null where it is not there or is made.</summary>
    public IReadOnlyList<int>? ShapeOf(string part) => ledger.ShapeOf(Full(part));

    /// <summary>Says that a tensor may be there and is not used: what the scheme stores for the rounding of activations, which stay F32 here.</summary>
    public void Ignore(string part) => ledger.Ignore(Full(part));

    /// <summary>Says that a tensor may be left over if it holds nothing but zeros.</summary>
    public void IgnoreZeros(string part) => ledger.IgnoreZeros(Full(part));

    /// <summary>A fault of this module's matrix.</summary>
    /// <param name="what">What is wrong, with both numbers.</param>
    public CheckpointException Fault(string what) => new($"{ledger.Place}: weight \"{Module}\" {what}");

    private string Full(string part) => Module.Length == 0 ? part : $"{Module}.{part}";
}

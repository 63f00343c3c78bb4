using XLLM.NativeBackends.Ops;

namespace XLLM.Silo.Weights.Quantization;

/// <summary>One way to store a matrix in a checkpoint. A new one is a class, and a line where its method is registered.</summary>
internal interface IWeightScheme
{
    /// <summary>Takes the tensors that make up a module's matrix, and brings them into a layout that backends know.</summary>
    /// <param name="parts">The module's tensors.</param>
    /// <param name="rows">Outputs that the model needs.</param>
    /// <param name="columns">Inputs that the model needs.</param>
    /// <returns>The matrix; a view of the file where its layout allows it.</returns>
    /// <exception cref="CheckpointException">A tensor is missing, misshapen, of another type, or its numbers make no sense.</exception>
    HostWeight Read(WeightParts parts, int rows, int columns);

    /// <summary>Takes the same tensors as <see cref="Read"/> by their headers alone: none of their numbers is looked at.</summary>
    /// <returns>What the matrix becomes in memory.</returns>
    /// <exception cref="CheckpointException">The shape that the model needs cannot be stored so.</exception>
    WeightSurvey Survey(WeightParts parts, int rows, int columns);
}

/// <summary>What a matrix becomes in memory.</summary>
/// <param name="Format">As it is stored there: "BF16", "I4".</param>
/// <param name="Bytes">Codes, scales and what else belongs to them.</param>
internal readonly record struct WeightSurvey(string Format, long Bytes)
{
    /// <summary>Codes with F32 scales and perhaps a byte per scale.</summary>
    /// <param name="format">Of the codes.</param>
    /// <param name="rows">Outputs.</param>
    /// <param name="columns">Inputs.</param>
    /// <param name="scales">Number of scales.</param>
    /// <param name="zeros">Whether each has a zero point.</param>
    /// <param name="order">Whether columns have an order of their own.</param>
    public static WeightSurvey Coded(WeightFormat format, int rows, int columns, long scales, bool zeros = false, bool order = false) =>
        new(format.ToString(), (rows * format.RowBytes(columns)) + (scales * (zeros ? 5 : 4)) + (order ? 4L * columns : 0));
}

/// <summary>How a checkpoint is quantized: which scheme each of its modules has.</summary>
internal interface IQuantization
{
    /// <summary>The scheme of a module's matrix.</summary>
    /// <param name="parts">The module's tensors: most configurations do not say which modules they left alone, but the tensors do.</param>
    IWeightScheme SchemeOf(WeightParts parts);
}

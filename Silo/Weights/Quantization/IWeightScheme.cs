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
}

/// <summary>How a checkpoint is quantized: which scheme each of its modules has.</summary>
internal interface IQuantization
{
    /// <summary>The scheme of a module's matrix.</summary>
    /// <param name="parts">The module's tensors: most configurations do not say which modules they left alone, but the tensors do.</param>
    IWeightScheme SchemeOf(WeightParts parts);
}

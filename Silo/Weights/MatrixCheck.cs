namespace XLLM.Silo.Weights;

/// <summary>How much of every weight matrix is searched for NaN and infinity while it is loaded. Vectors are always searched as a whole.</summary>
internal enum MatrixCheck
{
    /// <summary>Every element: reads the whole checkpoint once, which the first step would do anyway.</summary>
    Full,

    /// <summary>4,096 elements of each matrix in 16 runs: for checkpoints that are larger than the memory's bandwidth is fast.</summary>
    Sampled,
}

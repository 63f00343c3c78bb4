namespace XLLM.NativeBackends.Ops;

public partial interface IOps
{
    /// <summary>Copies numbers (pixel values, results of an encoder) into the workspace.</summary>
    /// <param name="values">rows * columns values, row by row.</param>
    /// <param name="rows">Rows of the result, at least 1; divides the number of values.</param>
    /// <returns>F32 [rows, values / rows].</returns>
    Tensor Floats(ReadOnlySpan<float> values, int rows);
}

namespace XLLM.NativeBackends.Ops;

public partial interface IOps
{
    /// <summary>Copies numbers (pixel values, results of an encoder) into the workspace.</summary>
    /// <param name="values">rows * columns values, row by row.</param>
    /// <param name="rows">Rows of the result, at least 1; divides the number of values.</param>
    /// <returns>F32 [rows, values / rows].</returns>
    Tensor Floats(ReadOnlySpan<float> values, int rows);

    /// <summary>Where the workspace stands: to forget what comes after it by <see cref="Release"/>.</summary>
    WorkspaceMark Mark();

    /// <summary>Forgets the results made since a mark of this step; their memory is used again. Encoders of large pictures call it after every block.</summary>
    /// <param name="mark">Of this step, not before one that was released already.</param>
    void Release(WorkspaceMark mark);

    /// <summary>x[r, c] = gelu(x[r, c]), in place. Source: Hendrycks and Gimpel 2016, arXiv:1606.08415.</summary>
    /// <param name="x">F32 [rows, columns]; overwritten.</param>
    /// <param name="kind">Which of its published forms.</param>
    void Gelu(Tensor x, GeluKind kind);

    /// <summary><see cref="RopeAngles"/> of positions with several axes, of which each frequency has its own: angle i is positions[axes[i]] * frequency i.</summary>
    /// <param name="positions">I32 [number of axes, rows].</param>
    /// <param name="axes">I32 [1, frequencies], each in [0, number of axes).</param>
    /// <param name="rope">Frequencies and scale.</param>
    /// <returns>F32 [rows, 2 * frequencies]: the cosines, then the sines. Where all axes agree, the bits of <see cref="RopeAngles"/>.</returns>
    /// <remarks>Source: Wang et al. 2024 (arXiv:2409.12191) section 2.1.</remarks>
    Tensor RopeAnglesByAxis(Tensor positions, Tensor axes, RopeTable rope);

    /// <summary>Attention within segments of the rows: every row sees all rows of its segment, earlier and later ones. Nothing is kept.</summary>
    /// <param name="q">F32 [rows, heads * head size], already rotated.</param>
    /// <param name="k">F32, of the same shape, already rotated.</param>
    /// <param name="v">F32, of the same shape.</param>
    /// <param name="starts">I32 [1, segments + 1]: segment s has the rows [starts[s], starts[s + 1]); from 0 to rows; segments may be empty.</param>
    /// <param name="heads">Number of heads; divides the columns.</param>
    /// <param name="scale">Factor on the scores, usually 1 / sqrt(head size).</param>
    /// <returns>F32 [rows, heads * head size].</returns>
    /// <remarks>A row's result depends on its segment alone, bit for bit. Time: O(sum over segments of rows squared).</remarks>
    Tensor SegmentAttention(Tensor q, Tensor k, Tensor v, Tensor starts, int heads, float scale);

    /// <summary>y[r] = sum over j of weights[r, j] * table[indices[r, j]], in the order of j: a table read between its entries.</summary>
    /// <param name="table">[entries, columns] in any format.</param>
    /// <param name="indices">I32 [rows, terms], each in [0, entries).</param>
    /// <param name="weights">F32 [rows, terms].</param>
    /// <returns>F32 [rows, columns].</returns>
    Tensor WeightedRows(Weight table, Tensor indices, Tensor weights);

    /// <summary>x[rows[i]] = y[i].</summary>
    /// <param name="x">F32 [n, columns]; overwritten in the named rows.</param>
    /// <param name="rows">I32 [1, m], each in [0, n), ascending.</param>
    /// <param name="y">F32 [m, columns].</param>
    void PutRows(Tensor x, Tensor rows, Tensor y);

    /// <summary>x[rows[i]] += y[i].</summary>
    /// <param name="x">F32 [n, columns]; overwritten in the named rows.</param>
    /// <param name="rows">I32 [1, m], each in [0, n), ascending.</param>
    /// <param name="y">F32 [m, columns].</param>
    void AddRows(Tensor x, Tensor rows, Tensor y);
}

/// <summary>The published forms of GELU.</summary>
public enum GeluKind
{
    /// <summary>x * (1 + erf(x / sqrt(2))) / 2: the definition.</summary>
    Exact = 0,

    /// <summary>x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3))) / 2.</summary>
    Tanh = 1,

    /// <summary>x / (1 + exp(-1.702 x)).</summary>
    Quick = 2,
}

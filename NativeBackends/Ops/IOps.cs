namespace XLLM.NativeBackends.Ops;

/// <summary>Every operation that a model may ask of a device. Results live in the step's workspace: valid until the next <see cref="BeginStep"/>.</summary>
/// <remarks>
/// Order of parameters: sources, arguments; a method that returns nothing overwrites its first parameter.
/// Activations are F32 matrices [rows, columns] unless said otherwise. Rows may be 0: the op then does nothing.
/// Batch invariance (decision D2): a row's result depends on that row's inputs alone, bit for bit, whatever the other rows are and however many.
/// A warm op allocates nothing on the managed heap.
/// All methods throw <see cref="OpException"/> when shapes or types disagree; the message has both.
/// </remarks>
public partial interface IOps
{
    /// <summary>Forgets all results of the step before; their memory is used again.</summary>
    void BeginStep();

    /// <summary>Copies integers (token ids, positions, tables) into the workspace.</summary>
    /// <param name="values">rows * columns values, row by row.</param>
    /// <param name="rows">Rows of the result; divides the number of values.</param>
    /// <returns>I32 [rows, values / rows].</returns>
    Tensor Integers(ReadOnlySpan<int> values, int rows = 1);

    /// <summary>Reads one row of a result on the host; waits for the ops before it. Host backends give a view.</summary>
    /// <param name="source">F32 [rows, columns].</param>
    /// <param name="row">Row to read.</param>
    /// <returns>Columns of that row; valid until the next call of any member.</returns>
    ReadOnlySpan<float> ReadRow(Tensor source, int row);

    /// <summary>Looks up rows of an embedding table.</summary>
    /// <param name="ids">I32 [1, n], each in [0, table rows).</param>
    /// <param name="table">[vocabulary, hidden].</param>
    /// <returns>F32 [n, hidden].</returns>
    Tensor Embedding(Tensor ids, Weight table);

    /// <summary>Gathers rows.</summary>
    /// <param name="x">F32 [rows, columns].</param>
    /// <param name="indices">I32 [1, n], each in [0, rows).</param>
    /// <returns>F32 [n, columns].</returns>
    Tensor Rows(Tensor x, Tensor indices);

    /// <summary>y[r, c] = x[r, c] * weight[c] / sqrt(mean over c of x[r, c]^2 + epsilon). Source: Zhang and Sennrich 2019, arXiv:1910.07467.</summary>
    /// <param name="x">F32 [rows, columns].</param>
    /// <param name="weight">F32 [1, columns].</param>
    /// <param name="epsilon">Added to the mean square.</param>
    /// <returns>F32 [rows, columns].</returns>
    Tensor RmsNorm(Tensor x, Tensor weight, float epsilon);

    /// <summary><see cref="RmsNorm"/> of each head by itself, in place.</summary>
    /// <param name="x">F32 [rows, heads * columns of the weight]; overwritten.</param>
    /// <param name="weight">F32 [1, head size].</param>
    /// <param name="epsilon">Added to the mean square.</param>
    void RmsNormHeads(Tensor x, Tensor weight, float epsilon);

    /// <summary>y[r, c] = (x[r, c] - mean over c of x[r, c]) / sqrt(variance over c of x[r, c] + epsilon) * weight[c] + bias[c]. Source: Ba et al. 2016, arXiv:1607.06450.</summary>
    /// <param name="x">F32 [rows, columns].</param>
    /// <param name="weight">F32 [1, columns].</param>
    /// <param name="bias">F32 [1, columns].</param>
    /// <param name="epsilon">Added to the variance, which is the mean of the squared distances from the mean.</param>
    /// <returns>F32 [rows, columns].</returns>
    Tensor LayerNorm(Tensor x, Tensor weight, Tensor bias, float epsilon);

    /// <summary>y[r, o] = sum over i of x[r, i] * weight[o, i], plus bias[o]. Accumulates in F32 in an order that is the same for every number of rows.</summary>
    /// <param name="x">F32 [rows, inputs].</param>
    /// <param name="weight">[outputs, inputs] in any format.</param>
    /// <param name="bias">F32 [1, outputs], or null.</param>
    /// <returns>F32 [rows, outputs].</returns>
    Tensor Linear(Tensor x, Weight weight, Tensor? bias = null);

    /// <summary>x += y.</summary>
    /// <param name="x">F32 [rows, columns]; overwritten.</param>
    /// <param name="y">F32 [rows, columns].</param>
    void Add(Tensor x, Tensor y);

    /// <summary>gate[r, c] = silu(gate[r, c]) * up[r, c] with silu(a) = a / (1 + exp(-a)); overwrites the gate.</summary>
    /// <param name="gate">F32 [rows, columns]; overwritten.</param>
    /// <param name="up">F32 [rows, columns].</param>
    void SiluMultiply(Tensor gate, Tensor up);

    /// <summary>Cosines and sines of a step's positions, computed once for all layers.</summary>
    /// <param name="positions">I32 [1, rows].</param>
    /// <param name="rope">Frequencies and scale.</param>
    /// <returns>F32 [rows, 2 * frequencies]: the cosines, then the sines.</returns>
    Tensor RopeAngles(Tensor positions, RopeTable rope);

    /// <summary>Rotates the first 2 * frequencies columns of every head; the other columns stay. In place.</summary>
    /// <param name="x">F32 [rows, heads * headSize]; overwritten.</param>
    /// <param name="angles">Result of <see cref="RopeAngles"/> for the same rows.</param>
    /// <param name="headSize">Columns of one head; at least 2 * frequencies.</param>
    /// <param name="pairing">Which columns form a pair.</param>
    void Rotate(Tensor x, Tensor angles, int headSize, RopePairing pairing);

    /// <summary>Stores this step's keys and values, then attends causally over each sequence's KV blocks.</summary>
    /// <param name="q">F32 [rows, query heads * head size], already rotated.</param>
    /// <param name="k">F32 [rows, KV heads * head size], already rotated.</param>
    /// <param name="v">F32 [rows, KV heads * head size].</param>
    /// <param name="kv">KV blocks of this layer; the slots named by <paramref name="batch"/> are overwritten, rounded to the pool's type.</param>
    /// <param name="batch">Rows, context lengths, block tables and slots of the step.</param>
    /// <param name="heads">Head counts and size; those of <paramref name="kv"/> must agree.</param>
    /// <param name="scale">Factor on the scores, usually 1 / sqrt(head size).</param>
    /// <returns>F32 [rows, query heads * head size].</returns>
    /// <remarks>
    /// Accumulates in F32 over positions in a fixed order and fixed pieces, so that chunking and batching change no bit.
    /// Time: O(sum over sequences of rows * context length).
    /// Source: Kwon et al. 2023 (arXiv:2309.06180) section 4.1 for blocks; Milakov and Gimelshein 2018 (arXiv:1805.02867) for the softmax.
    /// </remarks>
    Tensor PagedAttention(Tensor q, Tensor k, Tensor v, KvLayer kv, AttentionBatch batch, HeadLayout heads, float scale);
}

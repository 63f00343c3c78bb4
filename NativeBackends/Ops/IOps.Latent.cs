namespace XLLM.NativeBackends.Ops;

public partial interface IOps
{
    /// <summary>Takes the same columns out of every head: y[r, h * count + c] = x[r, h * headSize + first + c].</summary>
    /// <param name="x">F32 [rows, heads * headSize].</param>
    /// <param name="headSize">Columns of one head; divides the columns of x.</param>
    /// <param name="first">First column taken.</param>
    /// <param name="count">Columns taken.</param>
    /// <returns>F32 [rows, heads * count].</returns>
    Tensor SliceHeads(Tensor x, int headSize, int first, int count);

    /// <summary>Puts two parts of every head side by side: head h of the result is head h of a, then head h of b.</summary>
    /// <param name="a">F32 [rows, heads * n].</param>
    /// <param name="b">F32 [rows, heads * m].</param>
    /// <param name="heads">Number of heads; divides both.</param>
    /// <returns>F32 [rows, heads * (n + m)].</returns>
    Tensor JoinHeads(Tensor a, Tensor b, int heads);

    /// <summary>A product of each head with rows of a weight of its own. Accumulates like <see cref="Linear"/>.</summary>
    /// <param name="x">F32 [rows, heads * n]: n is the weight's columns, or <paramref name="slice"/>'s count when transposed.</param>
    /// <param name="weight">[heads * slice.Stride, columns] in any format.</param>
    /// <param name="slice">Which rows of the weight belong to a head.</param>
    /// <param name="transposed">False: y[r, h, j] = sum over i of x[r, h, i] * weight[row(h, j), i]. True: y[r, h, i] = sum over j of x[r, h, j] * weight[row(h, j), i].</param>
    /// <returns>F32 [rows, heads * (transposed ? columns : slice.Count)].</returns>
    /// <remarks>This is what lets latent attention keep one small vector per token: keys and values are never written out. Source: DeepSeek-V2, arXiv:2405.04434, section 2.1.2.</remarks>
    Tensor LinearHeads(Tensor x, Weight weight, HeadSlice slice, bool transposed);

    /// <summary>Stores this step's latent vectors, then attends causally over each sequence's KV blocks; every head reads the same vectors.</summary>
    /// <param name="q">F32 [rows, heads * kv.HeadSize].</param>
    /// <param name="latent">F32 [rows, kv.HeadSize]: one vector per token; it is the key, and its first columns are the value.</param>
    /// <param name="kv">KV blocks of this layer; it has one head and no values of its own.</param>
    /// <param name="batch">Rows, context lengths, block tables and slots of the step.</param>
    /// <param name="valueColumns">Columns of the value, at most kv.HeadSize.</param>
    /// <param name="scale">Factor on the scores.</param>
    /// <param name="selection">Positions that each row may see, or null for all up to its own.</param>
    /// <returns>F32 [rows, heads * valueColumns].</returns>
    Tensor LatentAttention(Tensor q, Tensor latent, KvLayer kv, AttentionBatch batch, int valueColumns, float scale, Tensor? selection = null);

    /// <summary>Stores this step's index keys, then chooses for each row the positions that are worth attending to.</summary>
    /// <param name="q">F32 [rows, heads * kv.HeadSize], already rotated.</param>
    /// <param name="keys">F32 [rows, kv.HeadSize]: one per token, already rotated.</param>
    /// <param name="weights">F32 [rows, heads]: how much each head counts.</param>
    /// <param name="kv">Index keys of this layer, one head and no values: <see cref="KvLayer.IndexKeys"/>.</param>
    /// <param name="batch">Rows, context lengths, block tables and slots of the step.</param>
    /// <param name="most">Most positions of a row, at least 1.</param>
    /// <param name="scale">Factor on the scores; it matters for rounding alone.</param>
    /// <returns>I32 [rows, n]: positions in ascending order, then -1. n is at most <paramref name="most"/> and what the block tables hold.</returns>
    /// <remarks>
    /// A position's score is scale * the sum over heads of weight * max(0, q . key). The best are chosen, among equals the lower position; where a row sees no more
    /// than <paramref name="most"/> positions, all of them. Time: O(heads * columns) for each position that a row sees.
    /// Source: DeepSeek-V3.2 (the lightning indexer), without the rotation and the 8-bit numbers that only make it faster there.
    /// </remarks>
    Tensor SelectPositions(Tensor q, Tensor keys, Tensor weights, KvLayer kv, AttentionBatch batch, int most, float scale);
}

/// <summary>The rows of a weight that belong to head h: [h * Stride + First, h * Stride + First + Count).</summary>
/// <param name="Heads">Number of heads.</param>
/// <param name="Stride">Rows from one head's to the next one's.</param>
/// <param name="First">First row of a head's slice.</param>
/// <param name="Count">Rows of a head's slice.</param>
public readonly record struct HeadSlice(int Heads, int Stride, int First, int Count);

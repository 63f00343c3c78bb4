namespace XLLM.NativeBackends.Ops;

/// <summary>The recurrent state of one linear-attention layer inside a KV pool: a matrix for each head, and the last inputs of a short convolution. F32, whatever keys and values are kept as.</summary>
/// <param name="Pool">Address of KV block 0 of the pool.</param>
/// <param name="BlockStride">Bytes from one KV block to the next.</param>
/// <param name="Heads">Matrices of the layer.</param>
/// <param name="KeyColumns">Rows of a matrix: columns of a key.</param>
/// <param name="ValueColumns">Columns of a matrix: columns of a value.</param>
/// <param name="Channels">Columns of an input of the convolution.</param>
/// <param name="Window">Inputs that the convolution looks back at; that of position p lies in row p mod Window.</param>
/// <param name="Blocks">KV blocks that the state of all layers together takes; they need not be adjacent.</param>
/// <param name="FirstMatrix">Number of the layer's first matrix among those of all layers. Matrix m is in block m / MatricesPerBlock of the state's.</param>
/// <param name="MatricesPerBlock">Matrices of one KV block.</param>
/// <param name="FirstRow">Number of the layer's first window row among those of all layers. Row n is in block FirstRowBlock + n / RowsPerBlock.</param>
/// <param name="RowsPerBlock">Window rows of one KV block.</param>
/// <param name="FirstRowBlock">The first of the state's blocks that has window rows.</param>
/// <remarks>Matrices and rows start at multiples of 64 bytes.</remarks>
public readonly record struct StateLayer(
    nint Pool,
    long BlockStride,
    int Heads,
    int KeyColumns,
    int ValueColumns,
    int Channels,
    int Window,
    int Blocks,
    int FirstMatrix,
    int MatricesPerBlock,
    int FirstRow,
    int RowsPerBlock,
    int FirstRowBlock)
{
    private const int Alignment = 64;

    /// <summary>Bytes from one matrix to the next one.</summary>
    public long MatrixBytes => BytesOf((long)KeyColumns * ValueColumns);

    /// <summary>Bytes from one window row to the next one.</summary>
    public long RowBytes => BytesOf(Channels);

    /// <summary>Bytes that so many numbers take, up to where the next ones begin.</summary>
    public static long BytesOf(long numbers) => ((numbers * sizeof(float)) + Alignment - 1) / Alignment * Alignment;
}

/// <summary>What the gated delta rule needs besides queries, keys and values.</summary>
/// <param name="Strength">F32 [rows, heads]: how much of the new value goes in, before the sigmoid.</param>
/// <param name="Step">F32 [rows, heads]: how far the token moves the decay, before the bias and the softplus.</param>
/// <param name="LogDecay">F32 [1, heads]: logarithm of the decay's rate (A_log).</param>
/// <param name="StepBias">F32 [1, heads]: added to the step (dt_bias).</param>
public readonly record struct DeltaGates(Tensor Strength, Tensor Step, Tensor LogDecay, Tensor StepBias);

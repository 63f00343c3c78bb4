using XLLM.NativeBackends.Ops;
using XLLM.Silo.Weights.Quantization;

namespace XLLM.Silo.Weights;

/// <summary>A place in the tree of tensor names. A model takes each tensor once, where the module is built; what is left over is an error.</summary>
internal sealed partial class Checkpoint
{
    private readonly CheckpointLedger _ledger;
    private readonly string _prefix;

    private Checkpoint(CheckpointLedger ledger, string prefix) => (_ledger, _prefix) = (ledger, prefix);

    /// <summary>Starts at the root of the tree.</summary>
    /// <param name="source">The tensors.</param>
    /// <param name="backend">Imports them.</param>
    /// <param name="check">How much of each matrix is searched for NaN and infinity.</param>
    /// <param name="progress">Told after every tensor; null: nobody.</param>
    /// <param name="quantization">How its matrices are stored; null: as plain floats.</param>
    public Checkpoint(
        ITensorSource source, IBackend backend, MatrixCheck check = MatrixCheck.Full, IProgress<LoadProgress>? progress = null, IQuantization? quantization = null)
        : this(new CheckpointLedger(source, backend, check, progress, quantization ?? DenseScheme.Instance), string.Empty)
    {
    }

    /// <summary>A place further down: <c>At("model").At("layers.0")</c>.</summary>
    public Checkpoint At(string name) => new(_ledger, Full(name));

    /// <summary>Whether a tensor is there; false where tensors are made on demand.</summary>
    /// <param name="name">Its name from here on: "lm_head.weight".</param>
    public bool Has(string name) => _ledger.Has(Full(name));

    /// <summary>Takes a matrix, however the checkpoint stores it.</summary>
    /// <param name="name">Last part of its name, usually "weight".</param>
    /// <param name="rows">Outputs.</param>
    /// <param name="columns">Inputs.</param>
    /// <exception cref="CheckpointException">It or one of its scales is missing, misshapen, of another type, not finite, or was taken before.</exception>
    public Weight Matrix(string name, int rows, int columns) => _ledger.TakeMatrix(_prefix, name, rows, columns);

    /// <summary>Takes a vector.</summary>
    /// <param name="name">Last part of its name, such as "weight" of a norm or "bias".</param>
    /// <param name="elements">Its length.</param>
    /// <returns>F32 [1, elements].</returns>
    /// <exception cref="CheckpointException">It is missing, misshapen, not of floats, not finite, or was taken before.</exception>
    public Tensor Vector(string name, int elements) => _ledger.TakeVector(Full(name), elements);

    /// <summary>Brings numbers that the configuration defines, not the checkpoint, into backend memory (RoPE's frequencies).</summary>
    /// <param name="name">For messages.</param>
    /// <param name="values">The numbers.</param>
    /// <returns>F32 [1, values].</returns>
    public Tensor Constant(string name, ReadOnlySpan<float> values) => _ledger.Import(values.AsHostTensor(Full(name)));

    /// <summary>Says that a tensor may be there and is not used.</summary>
    /// <param name="name">Last part of its name.</param>
    public void Ignore(string name) => _ledger.Ignore(Full(name));

    /// <summary>Says that everything below this place may be there and is not used (draft layers of a target that runs alone).</summary>
    public void IgnoreTree() => _ledger.IgnoreTree(_prefix);

    /// <summary>Ends loading.</summary>
    /// <returns>What was taken.</returns>
    /// <exception cref="CheckpointException">Tensors are left over; the message names them.</exception>
    public LoadTotals Finish() => _ledger.Finish();

    private string Full(string name) => _prefix.Length == 0 ? name : $"{_prefix}.{name}";
}

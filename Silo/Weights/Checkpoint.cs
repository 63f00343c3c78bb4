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

    /// <summary>Starts at the root of a tree that is only surveyed: headers are compared with what the model asks for, no number is read.</summary>
    /// <param name="source">The tensors.</param>
    /// <param name="quantization">How its matrices are stored.</param>
    /// <param name="survey">Takes what is found.</param>
    public static Checkpoint Survey(ITensorSource source, IQuantization quantization, CheckpointSurvey survey) =>
        new(new CheckpointLedger(source, null, MatrixCheck.Sampled, null, quantization, survey), string.Empty);

    /// <summary>The folder or file, for messages.</summary>
    public string Place => _ledger.Place;

    /// <summary>Full name of this place: "model.layers.0"; empty at the root.</summary>
    public string Name => _prefix;

    /// <summary>Whether tensors are made on demand (random weights), so that none is ever missing.</summary>
    public bool MakesTensors => _ledger.MakesTensors;

    /// <summary>Whether a tensor is there; false where tensors are made on demand.</summary>
    /// <param name="name">Last parts of its name.</param>
    public bool Has(string name) => _ledger.Has(Full(name));

    /// <summary>A place further down: <c>At("model").At("layers.0")</c>.</summary>
    public Checkpoint At(string name) => new(_ledger, Full(name));

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

    /// <summary>Takes a list of whole numbers (tables of a draft head), which stay on the host.</summary>
    /// <param name="name">Last part of its name.</param>
    /// <param name="elements">Its length.</param>
    /// <exception cref="CheckpointException">It is missing, misshapen, of another type, or was taken before.</exception>
    public long[] Integers(string name, int elements) => _ledger.TakeIntegers(Full(name), elements);

    /// <summary>Takes a vector that the checkpoint stores less one (norms that are centered at zero).</summary>
    /// <param name="name">Last part of its name.</param>
    /// <param name="elements">Its length.</param>
    /// <returns>F32 [1, elements]: what is stored, plus 1.</returns>
    /// <exception cref="CheckpointException">As for <see cref="Vector"/>.</exception>
    public Tensor VectorPlusOne(string name, int elements) => _ledger.TakeFloats(Full(name), [elements], values =>
    {
        foreach (ref var value in values.AsSpan())
        {
            value += 1;
        }
    });

    /// <summary>Takes the kernels of a depthwise convolution: [channels, 1, width] in the checkpoint.</summary>
    /// <param name="name">Last part of its name.</param>
    /// <param name="channels">Channels.</param>
    /// <param name="width">Numbers of a kernel.</param>
    /// <returns>F32 [width, channels].</returns>
    /// <exception cref="CheckpointException">As for <see cref="Vector"/>.</exception>
    public Tensor Kernels(string name, int channels, int width)
    {
        var flat = _ledger.TakeFloats(Full(name), [channels, 1, width], values =>
        {
            var stored = values.ToArray();
            for (var i = 0; i < stored.Length; i++)
            {
                values[(i % width * channels) + (i / width)] = stored[i];
            }
        });
        return flat with { Rows = width, Columns = channels, RowStride = channels };
    }

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

    /// <summary>Lists a module under its name.</summary>
    public void Register(INamedModule module) => _ledger.Modules.Add(module);

    /// <summary>The modules that were registered.</summary>
    public IReadOnlyList<INamedModule> Modules => _ledger.Modules;

    /// <summary>Ends loading.</summary>
    /// <returns>What was taken.</returns>
    /// <exception cref="CheckpointException">Tensors are left over; the message names them.</exception>
    public LoadTotals Finish() => _ledger.Finish();

    private string Full(string name) => _prefix.Length == 0 ? name : $"{_prefix}.{name}";
}

using XLLM.NativeBackends.Ops;
using XLLM.Silo.Weights.Quantization;

namespace XLLM.Silo.Weights;

/// <summary>What all places of one checkpoint share: the source, and which tensors were taken.</summary>
internal sealed class CheckpointLedger(ITensorSource source, IBackend backend, MatrixCheck check, IProgress<LoadProgress>? progress, IQuantization quantization)
{
    private const int SampledElements = 4096;
    private const int NamesShown = 5;

    /// <summary>Up to here a tensor is searched as a whole: scales of quantized matrices above all, where one number stands for many.</summary>
    private const int SmallElements = 1 << 20;

    /// <summary>Ends of names that published checkpoints may hold and nobody needs, each with its reason.</summary>
    private static readonly string[] Ignorable =
    [
        "rotary_emb.inv_freq",      // computed from rope_theta and rope_scaling; older exports wrote it out
        "rotary_emb.cos_cached",    // the same, as tables
        "rotary_emb.sin_cached",
    ];

    private readonly HashSet<string> _taken = new(StringComparer.Ordinal);
    private readonly HashSet<string> _ignored = new(StringComparer.Ordinal);
    private readonly List<string> _ignoredTrees = [];
    private readonly HashSet<string> _ignoredZeros = new(StringComparer.Ordinal);
    private readonly HashSet<string> _names = new(source.Names ?? [], StringComparer.Ordinal);
    private long _bytes;
    private long _elements;

    /// <summary>The folder or file, for messages.</summary>
    public string Place => source.Place;

    /// <summary>Whether tensors are made on demand.</summary>
    public bool MakesTensors => source.Names is null;

    /// <summary>Takes a matrix by the scheme of its module.</summary>
    /// <param name="module">Name of the module.</param>
    /// <param name="matrix">Last part of the matrix's name.</param>
    /// <param name="rows">Outputs.</param>
    /// <param name="columns">Inputs.</param>
    public Weight TakeMatrix(string module, string matrix, int rows, int columns)
    {
        var parts = new WeightParts(this, module, matrix);
        var scheme = matrix == "weight" ? quantization.SchemeOf(parts) : DenseScheme.Instance;
        var read = scheme.Read(parts, rows, columns);
        try
        {
            var weight = backend.ImportWeight(read);
            _elements += (long)rows * columns;
            Report(read.Bytes);
            return weight;
        }
        catch (OpException exception)
        {
            throw new CheckpointException($"{source.Place}: {exception.Message}", exception);
        }
    }

    /// <summary>Takes a tensor of plain floats with any number of dimensions, and imports what is made of it.</summary>
    /// <param name="name">Full name.</param>
    /// <param name="shape">Dimensions that the model needs.</param>
    /// <param name="matrices">The matrices in it.</param>
    public Weight[] TakeShaped(string name, int[] shape, Func<HostTensor, IEnumerable<HostTensor>> matrices)
    {
        var tensor = TakePart(name, shape, [DType.BF16, DType.F32, DType.F16]);
        var weights = matrices(tensor).Select(matrix => backend.ImportWeight(matrix)).ToArray();
        _elements += tensor.Elements;
        Report(tensor.Bytes);
        return weights;
    }

    /// <summary>Takes one tensor of a matrix.</summary>
    public HostTensor TakePart(string name, int[] shape, DType[] types)
    {
        var tensor = Take(name, shape, types);
        CheckFinite(tensor, check == MatrixCheck.Full || tensor.Elements <= SmallElements ? long.MaxValue : SampledElements);
        return tensor;
    }

    /// <summary>Whether the checkpoint has a tensor.</summary>
    public bool Has(string name) => _names.Contains(name);

    /// <summary>The shape of a tensor, or null where it is not there.</summary>
    public IReadOnlyList<int>? ShapeOf(string name) => Has(name) ? source.Find(name, [])?.Shape : null;

    /// <inheritdoc cref="Checkpoint.Vector"/>
    public Tensor TakeVector(string name, int elements)
    {
        var tensor = Take(name, [elements], [DType.BF16, DType.F32, DType.F16]);
        CheckFinite(tensor, long.MaxValue);
        var vector = Import(tensor);
        _elements += tensor.Elements;
        Report(tensor.Bytes);
        return vector;
    }

    /// <summary>Brings a vector into backend memory.</summary>
    public Tensor Import(HostTensor vector) => backend.ImportVector(vector);

    /// <inheritdoc cref="Checkpoint.Ignore"/>
    public void Ignore(string name) => _ignored.Add(name);

    /// <inheritdoc cref="Checkpoint.IgnoreTree"/>
    public void IgnoreTree(string name) => _ignoredTrees.Add($"{name}.");

    /// <summary>Says that a tensor may be left over if it holds nothing but zeros.</summary>
    public void IgnoreZeros(string name) => _ignoredZeros.Add(name);

    /// <inheritdoc cref="Checkpoint.Finish"/>
    public LoadTotals Finish()
    {
        var left = (source.Names ?? []).Where(name => !_taken.Contains(name) && !IsIgnored(name)).Order(StringComparer.Ordinal).ToArray();
        if (left.Length > 0)
        {
            var more = left.Length > NamesShown ? $" and {left.Length - NamesShown} more" : string.Empty;
            throw new CheckpointException(
                $"{source.Place}: {left.Length} tensors are left over after the model took its {_taken.Count}: {string.Join(", ", left.Take(NamesShown).Select(name => $"\"{name}\""))}{more}; "
                + "config.json does not describe this checkpoint");
        }

        return new LoadTotals(_taken.Count, _elements, _bytes);
    }

    private HostTensor Take(string name, int[] shape, DType[] types)
    {
        if (!_taken.Add(name))
        {
            throw new CheckpointException($"{source.Place}: the model takes tensor \"{name}\" twice");
        }

        var tensor = source.Find(name, shape, types[0]) ?? throw new CheckpointException(
            $"{source.Place}: tensor \"{name}\" [{string.Join(", ", shape)}] is missing{SimilarNames.Hint(name, (source.Names ?? []).Where(present => !_taken.Contains(present)))}");
        if (!tensor.Shape.SequenceEqual(shape))
        {
            throw new CheckpointException($"{source.Place}: tensor \"{name}\" is [{string.Join(", ", tensor.Shape)}], but config.json makes it [{string.Join(", ", shape)}]");
        }

        return types.Contains(tensor.DType)
            ? tensor
            : throw new CheckpointException($"{source.Place}: tensor \"{name}\" is {tensor.Describe()}; {(types.Contains(DType.BF16) ? "weights are F32, BF16 or F16" : $"its scheme has {string.Join(" or ", types)} here")}");
    }

    private void CheckFinite(HostTensor tensor, long mostElements)
    {
        if (FiniteCheck.FirstNonFinite(tensor, mostElements) is var index and >= 0)
        {
            throw new CheckpointException($"{source.Place}: tensor \"{tensor.Name}\" {tensor.Describe()} holds NaN or infinity at element {index}; the file is damaged or training diverged");
        }
    }

    private void Report(long bytes)
    {
        _bytes += bytes;
        progress?.Report(new LoadProgress(_taken.Count, source.Names?.Count, _bytes, source.TotalBytes));
    }

    private bool IsIgnored(string name) =>
        _ignored.Contains(name)
        || _ignoredTrees.Exists(tree => name.StartsWith(tree, StringComparison.Ordinal))
        || Ignorable.Any(end => name.EndsWith(end, StringComparison.Ordinal))
        || (_ignoredZeros.Contains(name) && IsZero(name));

    private bool IsZero(string name)
    {
        if (source.Find(name, []) is not { } tensor)
        {
            return false;
        }

        var isZero = !tensor.Values<byte>().ContainsAnyExcept((byte)0);
        GC.KeepAlive(tensor.Owner);
        return isZero;
    }
}

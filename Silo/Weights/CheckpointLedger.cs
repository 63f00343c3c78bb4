using XLLM.NativeBackends.Ops;
using XLLM.Silo.Weights.Quantization;

namespace XLLM.Silo.Weights;

/// <summary>What all places of one checkpoint share: the source, and which tensors were taken.</summary>
/// <param name="source">The tensors.</param>
/// <param name="backend">Imports them; null for a survey.</param>
/// <param name="check">How much of each matrix is searched.</param>
/// <param name="progress">Told after every tensor.</param>
/// <param name="quantization">How matrices are stored.</param>
/// <param name="survey">Takes the faults, and no number of any tensor is read; null: tensors are loaded, and the first fault is thrown.</param>
internal sealed class CheckpointLedger(
    ITensorSource source, IBackend? backend, MatrixCheck check, IProgress<LoadProgress>? progress, IQuantization quantization, CheckpointSurvey? survey = null)
{
    private const int SampledElements = 4096;
    private const int NamesShown = 5;
    private const int HintsShown = 8;

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

    /// <summary>Modules that can be found by name.</summary>
    public List<INamedModule> Modules { get; } = [];

    /// <summary>Whether tensors are made on demand.</summary>
    public bool MakesTensors => source.Names is null;

    /// <summary>Whether headers alone are looked at.</summary>
    public bool Surveys => survey is not null;

    /// <summary>Takes a matrix by the scheme of its module.</summary>
    /// <param name="module">Name of the module.</param>
    /// <param name="matrix">Last part of the matrix's name.</param>
    /// <param name="rows">Outputs.</param>
    /// <param name="columns">Inputs.</param>
    public Weight TakeMatrix(string module, string matrix, int rows, int columns)
    {
        var parts = new WeightParts(this, module, matrix);
        if (survey is not null)
        {
            return Survey(parts, rows, columns);
        }

        var scheme = SchemeOf(parts);
        var read = scheme.Read(parts, rows, columns);
        try
        {
            var weight = backend!.ImportWeight(read);
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
        var weights = matrices(tensor).Select(matrix => survey is null ? backend!.ImportWeight(matrix) : Survey(matrix)).ToArray();
        _elements += tensor.Elements;
        Report(tensor.Bytes);
        return weights;
    }

    /// <summary>Takes one tensor of a matrix.</summary>
    public HostTensor TakePart(string name, int[] shape, DType[] types)
    {
        var tensor = Take(name, shape, types);
        if (survey is not null)
        {
            return tensor;
        }

        CheckFinite(tensor, check == MatrixCheck.Full || tensor.Elements <= SmallElements ? long.MaxValue : SampledElements);
        return tensor;
    }

    /// <summary>Whether the checkpoint has a tensor.</summary>
    public bool Has(string name) => _names.Contains(name);

    /// <summary>The shape of a tensor, or null where it is not there.</summary>
    public IReadOnlyList<int>? ShapeOf(string name) => Has(name) ? source.Describe(name, [])?.Shape : null;

    /// <inheritdoc cref="Checkpoint.Vector"/>
    public Tensor TakeVector(string name, int elements)
    {
        var tensor = Take(name, [elements], [DType.BF16, DType.F32, DType.F16]);
        if (survey is null)
        {
            CheckFinite(tensor, long.MaxValue);
        }

        var vector = Import(tensor);
        _elements += tensor.Elements;
        Report(tensor.Bytes);
        return vector;
    }

    /// <inheritdoc cref="Checkpoint.Integers"/>
    public long[] TakeIntegers(string name, int elements)
    {
        var tensor = Take(name, [elements], [DType.I64, DType.I32]);
        Report(tensor.Bytes);
        return survey is null ? tensor.ToWideIntegers() : new long[elements];
    }

    /// <summary>Takes a small tensor that is brought into another form.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="shape">Its dimensions.</param>
    /// <param name="change">Changes the numbers, row by row.</param>
    /// <returns>F32 [1, elements].</returns>
    public Tensor TakeFloats(string name, int[] shape, Action<float[]> change)
    {
        var tensor = Take(name, shape, [DType.BF16, DType.F32, DType.F16]);
        _elements += tensor.Elements;
        Report(tensor.Bytes);
        if (survey is not null)
        {
            return new Tensor(0, DType.F32, 1, checked((int)tensor.Elements));
        }

        CheckFinite(tensor, long.MaxValue);
        var values = new float[checked((int)tensor.Elements)];
        tensor.ReadFloats(0, values);
        GC.KeepAlive(tensor.Owner);
        change(values);
        return Import(new ReadOnlySpan<float>(values).AsHostTensor(name));
    }

    /// <summary>Brings a vector into backend memory.</summary>
    public Tensor Import(HostTensor vector) => survey is null ? backend!.ImportVector(vector) : new Tensor(0, DType.F32, 1, checked((int)vector.Elements));

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
            Refuse(
                $"{source.Place}: {left.Length} tensors are left over after the model took its {_taken.Count}: {string.Join(", ", left.Take(NamesShown).Select(name => $"\"{name}\""))}{more}; "
                + "config.json does not describe this checkpoint");
        }

        return new LoadTotals(_taken.Count, _elements, _bytes);
    }

    private IWeightScheme SchemeOf(WeightParts parts) => parts.Matrix == "weight" ? quantization.SchemeOf(parts) : DenseScheme.Instance;

    private Weight Survey(WeightParts parts, int rows, int columns)
    {
        try
        {
            var (format, bytes) = SchemeOf(parts).Survey(parts, rows, columns);
            survey!.Count(format, bytes);
            _elements += (long)rows * columns;
            Report(bytes);
        }
        catch (CheckpointException exception)
        {
            survey!.Faults.Add(exception.Message);
        }

        return new Weight(parts.Name, WeightFormat.F32, rows, columns, 0, this);
    }

    private Weight Survey(HostTensor matrix)
    {
        survey!.Count(matrix.DType.ToString(), matrix.Bytes);
        return new Weight(matrix.Name, WeightFormat.F32, matrix.Shape[0], matrix.Shape[1], 0, this);
    }

    /// <summary>Ends loading, or writes a survey's fault down.</summary>
    private void Refuse(string fault)
    {
        if (survey is null)
        {
            throw new CheckpointException(fault);
        }

        survey.Faults.Add(fault);
    }

    private HostTensor Take(string name, int[] shape, DType[] types)
    {
        if (!_taken.Add(name))
        {
            Refuse($"{source.Place}: the model takes tensor \"{name}\" twice");
        }

        if (Find(name, shape, types[0]) is not { } tensor)
        {
            // Comparing names is slow, and the first few hints tell all.
            var hint = survey?.Faults.Count > HintsShown ? string.Empty : SimilarNames.Hint(name, (source.Names ?? []).Where(present => !_taken.Contains(present)));
            Refuse($"{source.Place}: tensor \"{name}\" [{string.Join(", ", shape)}] is missing{hint}");
        }
        else if (!tensor.Shape.SequenceEqual(shape))
        {
            Refuse($"{source.Place}: tensor \"{name}\" is [{string.Join(", ", tensor.Shape)}], but config.json makes it [{string.Join(", ", shape)}]");
        }
        else if (!types.Contains(tensor.DType))
        {
            Refuse($"{source.Place}: tensor \"{name}\" is {tensor.Describe()}; {(types.Contains(DType.BF16) ? "weights are F32, BF16 or F16" : $"its scheme has {string.Join(" or ", types)} here")}");
        }
        else
        {
            return tensor;
        }

        return new HostTensor(name, types[0], shape, 0, this);      // a survey goes on with what it should have been
    }

    private HostTensor? Find(string name, int[] shape, DType type)
    {
        if (survey is null)
        {
            return source.Find(name, shape, type);
        }

        try
        {
            return source.Describe(name, shape, type);
        }
        catch (CheckpointException exception)
        {
            Refuse(exception.Message);
            return new HostTensor(name, type, shape, 0, this);
        }
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
        if (survey is not null)
        {
            return true;
        }

        if (source.Find(name, []) is not { } tensor)
        {
            return false;
        }

        var isZero = !tensor.Values<byte>().ContainsAnyExcept((byte)0);
        GC.KeepAlive(tensor.Owner);
        return isZero;
    }
}

using XLLM.NativeBackends.Ops;

namespace XLLM.Silo.Weights;

/// <summary>What all places of one checkpoint share: the source, and which tensors were taken.</summary>
internal sealed class CheckpointLedger(ITensorSource source, IBackend backend, MatrixCheck check, IProgress<LoadProgress>? progress)
{
    private const int SampledElements = 4096;
    private const int NamesShown = 5;

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
    private long _bytes;
    private long _elements;

    /// <inheritdoc cref="Checkpoint.Matrix"/>
    public Weight TakeMatrix(string name, int rows, int columns)
    {
        var tensor = Take(name, [rows, columns]);
        CheckFinite(tensor, check == MatrixCheck.Full ? long.MaxValue : SampledElements);
        var weight = backend.ImportWeight(tensor);
        Report(tensor);
        return weight;
    }

    /// <inheritdoc cref="Checkpoint.Vector"/>
    public Tensor TakeVector(string name, int elements)
    {
        var tensor = Take(name, [elements]);
        CheckFinite(tensor, long.MaxValue);
        var vector = Import(tensor);
        Report(tensor);
        return vector;
    }

    /// <summary>Brings a vector into backend memory.</summary>
    public Tensor Import(HostTensor vector) => backend.ImportVector(vector);

    /// <inheritdoc cref="Checkpoint.Ignore"/>
    public void Ignore(string name) => _ignored.Add(name);

    /// <inheritdoc cref="Checkpoint.IgnoreTree"/>
    public void IgnoreTree(string name) => _ignoredTrees.Add($"{name}.");

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

    private HostTensor Take(string name, int[] shape)
    {
        if (!_taken.Add(name))
        {
            throw new CheckpointException($"{source.Place}: the model takes tensor \"{name}\" twice");
        }

        var tensor = source.Find(name, shape) ?? throw new CheckpointException(
            $"{source.Place}: tensor \"{name}\" [{string.Join(", ", shape)}] is missing{SimilarNames.Hint(name, (source.Names ?? []).Where(present => !_taken.Contains(present)))}");
        if (!tensor.Shape.SequenceEqual(shape))
        {
            throw new CheckpointException($"{source.Place}: tensor \"{name}\" is [{string.Join(", ", tensor.Shape)}], but config.json makes it [{string.Join(", ", shape)}]");
        }

        return tensor.DType is DType.F32 or DType.BF16 or DType.F16
            ? tensor
            : throw new CheckpointException($"{source.Place}: tensor \"{name}\" is {tensor.Describe()}; weights are F32, BF16 or F16");
    }

    private void CheckFinite(HostTensor tensor, long mostElements)
    {
        if (FiniteCheck.FirstNonFinite(tensor, mostElements) is var index and >= 0)
        {
            throw new CheckpointException($"{source.Place}: tensor \"{tensor.Name}\" {tensor.Describe()} holds NaN or infinity at element {index}; the file is damaged or training diverged");
        }
    }

    private void Report(HostTensor tensor)
    {
        _bytes += tensor.Bytes;
        _elements += tensor.Elements;
        progress?.Report(new LoadProgress(_taken.Count, source.Names?.Count, _bytes, source.TotalBytes));
    }

    private bool IsIgnored(string name) =>
        _ignored.Contains(name) || _ignoredTrees.Exists(tree => name.StartsWith(tree, StringComparison.Ordinal)) || Ignorable.Any(end => name.EndsWith(end, StringComparison.Ordinal));
}

using XLLM.NativeBackends.Ops;
using XLLM.Silo.Weights.Quantization;

namespace XLLM.Silo.Weights.Gguf;

/// <summary>The tensors of a GGUF file under the names of checkpoints, and the formats of its matrices.</summary>
internal sealed unsafe class GgufSource : ITensorSource, IQuantization
{
    private static readonly string[] RotaryModules = ["self_attn.q_proj", "self_attn.k_proj"];

    private readonly GgufFile _file;
    private readonly Dictionary<string, GgufTensor> _tensors;
    private readonly bool _pairsRotaryRows;
    private readonly int _queryHeads;
    private readonly int _kvHeads;

    /// <param name="file">The file.</param>
    /// <param name="config">Its keys, as <see cref="GgufConfig"/> reads them.</param>
    /// <exception cref="CheckpointException">Two tensors have one name in a checkpoint.</exception>
    public GgufSource(GgufFile file, ModelConfigReader config)
    {
        _file = file;
        _pairsRotaryRows = GgufArchitecture.Of(file.Metadata).PairsRotaryRows;
        _queryHeads = config.Integer("num_attention_heads");
        _kvHeads = config.Integer("num_key_value_heads");
        _tensors = new(StringComparer.Ordinal);
        foreach (var tensor in file.Tensors.Values.Where(tensor => !GgufConfig.Tensors.Contains(tensor.Name)))
        {
            if (!_tensors.TryAdd(GgufNames.InCheckpoint(tensor.Name), tensor))
            {
                throw new CheckpointException($"{file.Path}: tensor {GgufCursor.Quoted(tensor.Name)} has the meaning of another one, {GgufCursor.Quoted(GgufNames.InCheckpoint(tensor.Name))}");
            }
        }

        TotalBytes = _tensors.Values.Sum(tensor => tensor.Bytes);
    }

    /// <inheritdoc/>
    public string Place => _file.Path;

    /// <inheritdoc/>
    public IReadOnlyCollection<string> Names => _tensors.Keys;

    /// <inheritdoc/>
    public long? TotalBytes { get; }

    /// <inheritdoc/>
    public HostTensor? Find(string name, IReadOnlyList<int> shape, DType type = DType.BF16)
    {
        if (!_tensors.TryGetValue(name, out var tensor))
        {
            return null;
        }

        var stored = _file.Get(tensor, name);
        var module = name[..Math.Max(0, name.LastIndexOf('.'))];
        return _pairsRotaryRows && Array.Find(RotaryModules, rotary => module.EndsWith(rotary, StringComparison.Ordinal)) is { } found
            ? InHalves(stored, found == RotaryModules[0] ? _queryHeads : _kvHeads)
            : stored;
    }

    /// <inheritdoc/>
    public HostTensor? Describe(string name, IReadOnlyList<int> shape, DType type = DType.BF16) => _tensors.TryGetValue(name, out var tensor) ? _file.Get(tensor, name) : null;

    /// <inheritdoc/>
    public IWeightScheme SchemeOf(WeightParts parts) =>
        _tensors.TryGetValue(parts.Name, out var tensor) && tensor.Type.Blocks is { } format ? new GgufScheme(format, tensor) : DenseScheme.Instance;

    /// <summary>Undoes the order of rows that the conversion gave them: of each head, rows 2i and 2i + 1 are a rotary pair; here they are rows i and i + half.</summary>
    private HostTensor InHalves(HostTensor stored, int heads)
    {
        // A bias has a row of one element per output.
        var rows = stored.Shape[0];
        var rowBytes = rows == 0 ? 0 : stored.Bytes / rows;
        if (rows % (2 * heads) != 0)
        {
            throw new CheckpointException($"{Place}: tensor \"{stored.Name}\" has {rows} rows, which do not divide into {heads} heads of pairs");
        }

        var result = HostMemory.Tensor(stored.Name, stored.DType, [.. stored.Shape]);
        var half = rows / heads / 2;
        for (var row = 0; row < rows; row++)
        {
            var (head, inside) = Math.DivRem(row, 2 * half);
            var from = (head * 2 * half) + (inside < half ? 2 * inside : (2 * (inside - half)) + 1);
            Buffer.MemoryCopy((byte*)stored.Data + (from * rowBytes), (byte*)result.Data + (row * rowBytes), rowBytes, rowBytes);
        }

        GC.KeepAlive(stored.Owner);
        return result;
    }
}

using System.Globalization;
using XLLM.NativeBackends.Ops;
using XLLM.NativeBackends.Reference;

namespace XLLM.NativeBackends.Decorators;

/// <summary>Computes every op twice, by the reference and by the ops under it, and throws where the two disagree. Slow: for finding a wrong kernel.</summary>
/// <remarks>
/// The reference goes first and reads the same memory, so this is for backends in host memory. What both write (KV blocks) both round alike,
/// so the second writes what is there. Each op starts from the checked results of the ops before: the first disagreement names the culprit.
/// A file per topic, as <see cref="IOps"/> has; a new op is a line, and the compiler asks for it.
/// </remarks>
/// <param name="inner">The ops to check.</param>
public sealed partial class CheckingOps(IOps inner) : IOps, IDisposable
{
    /// <summary>Largest difference, as a part of the row's largest number (at least 1). Sums of F32 are off by about 1e-6 here; a wrong kernel by far more.</summary>
    public const float Tolerance = 1e-4f;

    private readonly ReferenceOps _reference = new();
    private readonly Workspace _copies = new(ReferenceMemory.Allocate);

    /// <summary>Ops that were compared so far.</summary>
    public long Checked { get; private set; }

    /// <inheritdoc/>
    public void BeginStep()
    {
        _marks.Clear();
        _reference.BeginStep();
        _copies.Reset();
        inner.BeginStep();
    }

    /// <inheritdoc/>
    public Tensor Integers(ReadOnlySpan<int> values, int rows = 1) => Same(nameof(Integers), _reference.Integers(values, rows), inner.Integers(values, rows));

    /// <inheritdoc/>
    public ReadOnlySpan<float> ReadRow(Tensor source, int row) => inner.ReadRow(source, row);

    /// <inheritdoc/>
    public Tensor Embedding(Tensor ids, Weight table) => Same(nameof(Embedding), _reference.Embedding(ids, table), inner.Embedding(ids, table));

    /// <inheritdoc/>
    public Tensor Rows(Tensor x, Tensor indices) => Same(nameof(Rows), _reference.Rows(x, indices), inner.Rows(x, indices));

    /// <inheritdoc/>
    public Tensor RmsNorm(Tensor x, Tensor weight, float epsilon) => Same(nameof(RmsNorm), _reference.RmsNorm(x, weight, epsilon), inner.RmsNorm(x, weight, epsilon));

    /// <inheritdoc/>
    public void RmsNormHeads(Tensor x, Tensor weight, float epsilon)
    {
        var copy = Copy(x);
        _reference.RmsNormHeads(copy, weight, epsilon);
        inner.RmsNormHeads(x, weight, epsilon);
        Same(nameof(RmsNormHeads), copy, x);
    }

    /// <inheritdoc/>
    public Tensor LayerNorm(Tensor x, Tensor weight, Tensor bias, float epsilon) =>
        Same(nameof(LayerNorm), _reference.LayerNorm(x, weight, bias, epsilon), inner.LayerNorm(x, weight, bias, epsilon));

    /// <inheritdoc/>
    public Tensor Linear(Tensor x, Weight weight, Tensor? bias = null) =>
        Same($"{nameof(Linear)} {weight.Name}", _reference.Linear(x, weight, bias), inner.Linear(x, weight, bias));

    /// <inheritdoc/>
    public void Add(Tensor x, Tensor y)
    {
        var copy = Copy(x);
        _reference.Add(copy, y);
        inner.Add(x, y);
        Same(nameof(Add), copy, x);
    }

    /// <inheritdoc/>
    public void SiluMultiply(Tensor gate, Tensor up)
    {
        var copy = Copy(gate);
        _reference.SiluMultiply(copy, up);
        inner.SiluMultiply(gate, up);
        Same(nameof(SiluMultiply), copy, gate);
    }

    /// <inheritdoc/>
    public Tensor RopeAngles(Tensor positions, RopeTable rope) => Same(nameof(RopeAngles), _reference.RopeAngles(positions, rope), inner.RopeAngles(positions, rope));

    /// <inheritdoc/>
    public void Rotate(Tensor x, Tensor angles, int headSize, RopePairing pairing)
    {
        var copy = Copy(x);
        _reference.Rotate(copy, angles, headSize, pairing);
        inner.Rotate(x, angles, headSize, pairing);
        Same(nameof(Rotate), copy, x);
    }

    /// <inheritdoc/>
    public Tensor PagedAttention(Tensor q, Tensor k, Tensor v, KvLayer kv, AttentionBatch batch, HeadLayout heads, float scale) =>
        Same(nameof(PagedAttention), _reference.PagedAttention(q, k, v, kv, batch, heads, scale), inner.PagedAttention(q, k, v, kv, batch, heads, scale));

    /// <inheritdoc/>
    public void Dispose()
    {
        _reference.Dispose();
        _copies.Dispose();
    }

    /// <summary>A dense copy that is the reference's to overwrite.</summary>
    private unsafe Tensor Copy(Tensor source)
    {
        var copy = _copies.Allocate(source.DType, source.Rows, source.Columns);
        var bytes = (long)source.Columns * source.DType.Size();
        for (var r = 0; r < source.Rows; r++)
        {
            Buffer.MemoryCopy((byte*)source.Data + (r * (long)source.RowStride * source.DType.Size()), (byte*)copy.Data + (r * bytes), bytes, bytes);
        }

        return copy;
    }

    /// <summary>Compares, and gives the second back.</summary>
    /// <exception cref="OpException">They disagree; the message has op, row, column and both numbers.</exception>
    private unsafe Tensor Same(string op, Tensor expected, Tensor actual)
    {
        if ((expected.DType, expected.Rows, expected.Columns) != (actual.DType, actual.Rows, actual.Columns))
        {
            throw new OpException($"check: {op} gives {actual}, the reference {expected}");
        }

        for (var r = 0; r < expected.Rows; r++)
        {
            if (expected.DType == DType.I32)
            {
                SameIntegers(op, r, new((int*)expected.Data + ((long)r * expected.RowStride), expected.Columns), new((int*)actual.Data + ((long)r * actual.RowStride), actual.Columns));
            }
            else
            {
                SameFloats(op, r, new((float*)expected.Data + ((long)r * expected.RowStride), expected.Columns), new((float*)actual.Data + ((long)r * actual.RowStride), actual.Columns));
            }
        }

        Checked++;
        return actual;
    }

    private static void SameIntegers(string op, int row, ReadOnlySpan<int> expected, ReadOnlySpan<int> actual)
    {
        var column = expected.CommonPrefixLength(actual);
        if (column < expected.Length)
        {
            throw new OpException($"check: {op} row {row} column {column} is {actual[column]}, the reference has {expected[column]}");
        }
    }

    private static void SameFloats(string op, int row, ReadOnlySpan<float> expected, ReadOnlySpan<float> actual)
    {
        var largest = 1f;
        foreach (var value in expected)
        {
            largest = float.IsFinite(value) ? Math.Max(largest, Math.Abs(value)) : largest;
        }

        for (var c = 0; c < expected.Length; c++)
        {
            if (!expected[c].Equals(actual[c]) && !(Math.Abs(expected[c] - actual[c]) <= Tolerance * largest))
            {
                throw new OpException(string.Create(
                    CultureInfo.InvariantCulture,
                    $"check: {op} row {row} column {c} is {actual[c]:R}, the reference has {expected[c]:R}; allowed is a difference of {Tolerance * largest:R}"));
            }
        }
    }
}

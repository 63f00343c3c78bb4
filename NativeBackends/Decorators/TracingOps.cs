using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using XLLM.NativeBackends.Ops;

namespace XLLM.NativeBackends.Decorators;

/// <summary>Passes every op on and adds up how long each took. For backends that are done when an op returns, as host backends are.</summary>
/// <remarks>A file per topic, as <see cref="IOps"/> has; a new op is a line, and the compiler asks for it. Warm, it allocates nothing.</remarks>
/// <param name="inner">The ops to watch.</param>
public partial class TracingOps(IOps inner) : IOps
{
    private readonly Dictionary<string, OpTime> _times = [];

    /// <summary>What each op took so far, the longest first.</summary>
    public IReadOnlyList<OpTime> Times => [.. _times.Values.OrderByDescending(time => time.Total)];

    /// <inheritdoc/>
    public void BeginStep() => inner.BeginStep();

    /// <inheritdoc/>
    public Tensor Integers(ReadOnlySpan<int> values, int rows = 1) => Took(nameof(Integers), Now, inner.Integers(values, rows));

    /// <inheritdoc/>
    public ReadOnlySpan<float> ReadRow(Tensor source, int row) => inner.ReadRow(source, row);

    /// <inheritdoc/>
    public Tensor Embedding(Tensor ids, Weight table) => Took(nameof(Embedding), Now, inner.Embedding(ids, table));

    /// <inheritdoc/>
    public Tensor Rows(Tensor x, Tensor indices) => Took(nameof(Rows), Now, inner.Rows(x, indices));

    /// <inheritdoc/>
    public Tensor RmsNorm(Tensor x, Tensor weight, float epsilon) => Took(nameof(RmsNorm), Now, inner.RmsNorm(x, weight, epsilon));

    /// <inheritdoc/>
    public void RmsNormHeads(Tensor x, Tensor weight, float epsilon)
    {
        var start = Now;
        inner.RmsNormHeads(x, weight, epsilon);
        Took(nameof(RmsNormHeads), start, x);
    }

    /// <inheritdoc/>
    public Tensor LayerNorm(Tensor x, Tensor weight, Tensor bias, float epsilon) => Took(nameof(LayerNorm), Now, inner.LayerNorm(x, weight, bias, epsilon));

    /// <inheritdoc/>
    public Tensor Linear(Tensor x, Weight weight, Tensor? bias = null) => Took(nameof(Linear), Now, inner.Linear(x, weight, bias));

    /// <inheritdoc/>
    public void Add(Tensor x, Tensor y)
    {
        var start = Now;
        inner.Add(x, y);
        Took(nameof(Add), start, x);
    }

    /// <inheritdoc/>
    public void SiluMultiply(Tensor gate, Tensor up)
    {
        var start = Now;
        inner.SiluMultiply(gate, up);
        Took(nameof(SiluMultiply), start, gate);
    }

    /// <inheritdoc/>
    public Tensor RopeAngles(Tensor positions, RopeTable rope) => Took(nameof(RopeAngles), Now, inner.RopeAngles(positions, rope));

    /// <inheritdoc/>
    public void Rotate(Tensor x, Tensor angles, int headSize, RopePairing pairing)
    {
        var start = Now;
        inner.Rotate(x, angles, headSize, pairing);
        Took(nameof(Rotate), start, x);
    }

    /// <inheritdoc/>
    public Tensor PagedAttention(Tensor q, Tensor k, Tensor v, KvLayer kv, AttentionBatch batch, HeadLayout heads, float scale) =>
        Took(nameof(PagedAttention), Now, inner.PagedAttention(q, k, v, kv, batch, heads, scale));

    /// <summary>The times as a table: op, calls, milliseconds, share of all ops.</summary>
    public void Write(TextWriter output)
    {
        var all = _times.Values.Sum(time => time.Total.TotalMilliseconds);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{"op",-20} {"calls",8} {"ms",12} {"us a call",12} {"share",8}"));
        foreach (var time in Times)
        {
            var ms = time.Total.TotalMilliseconds;
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"{time.Op,-20} {time.Calls,8} {ms,12:F1} {ms * 1000 / time.Calls,12:F1} {(all > 0 ? ms / all : 0),8:P1}"));
        }
    }

    // Arguments are evaluated from left to right, so this is read before the op that stands behind it is called.
    private static long Now => Stopwatch.GetTimestamp();

    private T Took<T>(string op, long start, T result)
    {
        var elapsed = Stopwatch.GetElapsedTime(start);
        ref var time = ref CollectionsMarshal.GetValueRefOrAddDefault(_times, op, out _);
        time = new OpTime(op, time.Calls + 1, time.Total + elapsed);
        return result;
    }
}

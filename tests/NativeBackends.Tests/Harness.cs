using System.Runtime.InteropServices;
using XLLM.NativeBackends.Ops;

namespace XLLM.NativeBackends.Tests;

/// <summary>A backend under test, with matrices put into its memory and read back.</summary>
internal sealed class Harness(string variant, int? threads = null) : IDisposable
{
    private readonly List<DeviceMemory> _memory = [];

    public IBackend Backend { get; } = BackendVariants.Open(variant, threads);

    public IOps Ops => Backend.Ops;

    /// <summary>Random numbers in [-1, 1), the same for every backend.</summary>
    public static float[] Random(int seed, int count)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => (random.NextSingle() * 2) - 1)];
    }

    /// <summary>A matrix whose rows are <paramref name="gap"/> elements apart; the gaps are NaN, which no op may read or write.</summary>
    public Tensor Floats(float[] values, int rows, int gap = 0)
    {
        var columns = rows == 0 ? values.Length : values.Length / rows;
        var padded = Enumerable.Repeat(float.NaN, rows * (columns + gap)).ToArray();
        for (var r = 0; r < rows; r++)
        {
            values.AsSpan(r * columns, columns).CopyTo(padded.AsSpan(r * (columns + gap)));
        }

        return new Tensor(Place(MemoryMarshal.AsBytes(padded.AsSpan())), DType.F32, rows, columns, columns + gap);
    }

    /// <summary>A weight of a dense format, at an address that is aligned to nothing, as in a mapped checkpoint.</summary>
    public Weight Weight(float[] values, int rows, WeightFormat format = WeightFormat.F32)
    {
        var (dtype, bytes) = Encode(values, format);
        var address = Place([0, .. bytes]) + 1;
        var columns = rows == 0 ? 0 : values.Length / rows;
        return Backend.ImportWeight(new HostTensor("some.weight", dtype, [rows, columns], address, _memory));
    }

    /// <summary>A weight of any kind with random codes, none of its parts aligned to anything that a file would not align.</summary>
    public Weight Weight(WeightKind kind, int seed, int rows, int columns) => Backend.ImportWeight(kind.Random(seed, rows, columns, OddPlace));

    /// <summary>Memory that begins at an odd address, as rows of a mapped file may.</summary>
    private nint OddPlace(byte[] bytes) => Place([0, .. bytes]) + 1;

    /// <summary>The numbers that a weight of a format holds: what is left of them after rounding.</summary>
    public static float[] Rounded(float[] values, WeightFormat format) => format switch
    {
        WeightFormat.BF16 => [.. values.Select(value => BitConverter.UInt32BitsToSingle(BitConverter.SingleToUInt32Bits(value) & 0xFFFF0000))],
        WeightFormat.F16 => [.. values.Select(value => (float)(Half)value)],
        _ => values,
    };

    /// <summary>All elements, row by row, without gaps.</summary>
    public float[] Read(Tensor tensor) => [.. Enumerable.Range(0, tensor.Rows).SelectMany(r => Ops.ReadRow(tensor, r).ToArray())];

    /// <summary>Asserts that the gaps of <see cref="Floats"/> are as they were.</summary>
    public void AssertGapsUntouched(Tensor tensor)
    {
        var gap = tensor.RowStride - tensor.Columns;
        for (var r = 0; r < tensor.Rows; r++)
        {
            var bytes = new byte[gap * sizeof(float)];
            Backend.Download(tensor.Data + (((nint)r * tensor.RowStride) + tensor.Columns) * sizeof(float), bytes);
            Assert.All(MemoryMarshal.Cast<byte, float>(bytes).ToArray(), value => Assert.True(float.IsNaN(value), $"row {r} wrote past its columns"));
        }
    }

    /// <summary>Memory that lives as long as this.</summary>
    public nint Place(ReadOnlySpan<byte> bytes)
    {
        var memory = Backend.Allocate(bytes.Length);
        _memory.Add(memory);
        Backend.Upload(bytes, memory.Address);
        return memory.Address;
    }

    public void Dispose()
    {
        _memory.ForEach(memory => memory.Dispose());
        Backend.Dispose();
    }

    private static (DType, byte[]) Encode(float[] values, WeightFormat format) => format switch
    {
        WeightFormat.F32 => (DType.F32, MemoryMarshal.AsBytes(values.AsSpan()).ToArray()),
        WeightFormat.BF16 => (DType.BF16, [.. values.SelectMany(value => BitConverter.GetBytes((ushort)(BitConverter.SingleToUInt32Bits(value) >> 16)))]),
        WeightFormat.F16 => (DType.F16, [.. values.SelectMany(value => BitConverter.GetBytes((Half)value))]),
        _ => throw new ArgumentOutOfRangeException(nameof(format)),
    };
}

/// <summary>Comparisons of results.</summary>
internal static class Compare
{
    /// <summary>Each element within the tolerance, relative to the larger of 1 and the expected.</summary>
    public static void Close(float[] expected, float[] actual, double tolerance)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (var i = 0; i < expected.Length; i++)
        {
            var most = tolerance * Math.Max(1, Math.Abs((double)expected[i]));
            Assert.True(
                expected[i].Equals(actual[i]) || Math.Abs((double)expected[i] - actual[i]) <= most,
                $"element {i}: expected {expected[i]:R}, is {actual[i]:R}, which is off by more than {most:G2}");
        }
    }

    /// <summary>The same bits, so that -0 is not 0.</summary>
    public static void SameBits(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (var i = 0; i < expected.Length; i++)
        {
            Assert.True(
                BitConverter.SingleToUInt32Bits(expected[i]) == BitConverter.SingleToUInt32Bits(actual[i]),
                $"element {i}: {expected[i]:R} and {actual[i]:R} differ");
        }
    }
}

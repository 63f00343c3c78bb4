using System.Runtime.InteropServices;
using XLLM.NativeBackends.Ops;
using XLLM.Silo.Weights;

namespace XLLM.Silo.Tests.Weights;

public sealed unsafe class FiniteCheckTests
{
    [Theory]
    [InlineData(DType.F32, 4, 0x7F800000u, 0x7F7FFFFFu)]    // infinity; the largest number
    [InlineData(DType.F32, 4, 0xFFC00000u, 0x80000001u)]    // negative NaN; the smallest negative number
    [InlineData(DType.BF16, 2, 0xFF80u, 0x7F7Fu)]
    [InlineData(DType.F16, 2, 0x7C01u, 0x7BFFu)]
    [InlineData(DType.F8E4M3, 1, 0xFFu, 0x7Eu)]             // E4M3 has no infinity: 0x7E is 448
    public void FirstNonFinite_FindsTheOneBadElement_WhereverItIs(DType type, int size, uint bad, uint good)
    {
        var random = new Random(1);
        foreach (var elements in new[] { 1, 7, 64, 1000, (1 << 20) + 3 })
        {
            var bytes = new byte[elements * size];
            for (var i = 0; i < elements; i++)
            {
                Put(bytes, i, size, good);
            }

            Assert.Equal(-1, Search(type, bytes, elements));
            var at = random.Next(elements);
            Put(bytes, at, size, bad);
            Assert.Equal(at, Search(type, bytes, elements));
        }
    }

    [Fact]
    public void FirstNonFinite_LooksAtASampleOnly_WhenToldSo()
    {
        var values = new float[100_000];
        values[10] = float.NaN;
        Assert.Equal(10, Search(DType.F32, MemoryMarshal.AsBytes(values.AsSpan()).ToArray(), values.Length, mostElements: 4096));

        values[10] = 0;
        values[5000] = float.NaN;                                   // between two runs of 256
        Assert.Equal(-1, Search(DType.F32, MemoryMarshal.AsBytes(values.AsSpan()).ToArray(), values.Length, mostElements: 4096));
        Assert.Equal(5000, Search(DType.F32, MemoryMarshal.AsBytes(values.AsSpan()).ToArray(), values.Length));
    }

    [Fact]
    public void FirstNonFinite_TakesIntegersAsTheyAre() => Assert.Equal(-1, Search(DType.I32, [0, 0, 0x80, 0x7F], 1));

    private static void Put(byte[] bytes, int index, int size, uint bits)
    {
        for (var i = 0; i < size; i++)
        {
            bytes[(index * size) + i] = (byte)(bits >> (8 * i));
        }
    }

    private static long Search(DType type, byte[] bytes, int elements, long mostElements = long.MaxValue)
    {
        fixed (byte* data = bytes)
        {
            return FiniteCheck.FirstNonFinite(new HostTensor("x", type, [elements], (nint)data, bytes), mostElements);
        }
    }
}

using XLLM.NativeBackends.Ops;

namespace XLLM.NativeBackends.Tests;

public sealed class LinearTests
{
    public static TheoryData<string, WeightFormat> VariantsAndFormats =>
        [.. BackendVariants.Names.SelectMany(variant => Enum.GetValues<WeightFormat>().Select(format => (variant, format)))];

    [Theory]
    [MemberData(nameof(VariantsAndFormats))]
    public void Linear_EqualsTheReference_ForOddShapesAndStrides(string variant, WeightFormat format)
    {
        using var reference = new Harness("reference");
        using var subject = new Harness(variant);
        foreach (var (rows, outputs, inputs) in new[]
        {
            (1, 1, 1), (1, 5, 15), (2, 7, 16), (3, 9, 17), (5, 64, 33), (13, 70, 48), (25, 131, 100), (37, 3, 257), (64, 20, 1024), (0, 4, 4), (2, 0, 4),
        })
        {
            // Sums of numbers in [-1, 1): their F32 rounding errors grow as the square root of their number.
            Compare.Close(Run(reference), Run(subject), 2e-7 * Math.Sqrt(inputs + 8));

            float[] Run(Harness harness)
            {
                var x = harness.Floats(Harness.Random(rows, rows * inputs), rows, gap: 5) with { Columns = inputs };
                var weight = harness.Backend.ImportWeight(Named(harness.Weight(Harness.Random(outputs, outputs * inputs), outputs, format), outputs, inputs));
                return harness.Read(harness.Ops.Linear(x, weight, harness.Floats(Harness.Random(1, outputs), 1)));
            }
        }
    }

    [Theory]
    [MemberData(nameof(VariantsAndFormats))]
    public void Linear_GivesARowTheSameBits_WithAnyNumberOfOtherRows(string variant, WeightFormat format)
    {
        using var harness = new Harness(variant);
        const int Outputs = 77;
        foreach (var inputs in new[] { 40, 333 })
        {
            var values = Harness.Random(1, 67 * inputs);
            var x = harness.Floats(values, 67, gap: 1);
            var weight = harness.Weight(Harness.Random(2, Outputs * inputs), Outputs, format);
            var bias = harness.Floats(Harness.Random(3, Outputs), 1);
            var alone = Enumerable.Range(0, 67).SelectMany(r => harness.Read(harness.Ops.Linear(x.RowSlice(r, 1), weight, bias))).ToArray();
            for (var rows = 1; rows <= 67; rows++)
            {
                // The last rows as well as the first: a row's place in a tile must not matter either.
                var first = harness.Read(harness.Ops.Linear(x.RowSlice(0, rows), weight, bias));
                var last = harness.Read(harness.Ops.Linear(x.RowSlice(67 - rows, rows), weight, bias));
                Compare.SameBits(alone.AsSpan(0, rows * Outputs), first);
                Compare.SameBits(alone.AsSpan((67 - rows) * Outputs), last);
            }
        }
    }

    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void Linear_GivesTheSameBits_WithAnyNumberOfThreads(string variant)
    {
        float[]? expected = null;
        foreach (var threads in new[] { 1, 2, 3, 8 })
        {
            using var harness = new Harness(variant, threads);
            var weight = harness.Weight(Harness.Random(2, 300 * 200), 300, WeightFormat.BF16);
            var few = harness.Read(harness.Ops.Linear(harness.Floats(Harness.Random(1, 3 * 200), 3), weight));
            var many = harness.Read(harness.Ops.Linear(harness.Floats(Harness.Random(1, 50 * 200), 50), weight));
            Compare.SameBits(few, many.AsSpan(0, few.Length));
            expected ??= many;
            Compare.SameBits(expected, many);
        }
    }

    [Fact]
    public void Linear_GivesTheSameBits_OnAllInstructionSetsThatFuseMultiplyAndAdd()
    {
        var fused = BackendVariants.Names.Where(name => name.StartsWith("cpu Avx", StringComparison.Ordinal)).ToList();
        if (fused.Count < 2)
        {
            Assert.Skip("this processor or build has fewer than two of AVX2 and AVX-512");
        }

        var results = fused.ConvertAll(variant =>
        {
            using var harness = new Harness(variant);
            var weight = harness.Weight(Harness.Random(2, 50 * 211), 50, WeightFormat.BF16);
            return harness.Read(harness.Ops.Linear(harness.Floats(Harness.Random(1, 31 * 211), 31), weight));
        });
        Compare.SameBits(results[0], results[1]);
    }

    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void Linear_ThrowsBothShapes_WhenTheyDoNotFit(string variant)
    {
        using var harness = new Harness(variant);
        var weight = harness.Weight(new float[48], 8);
        var error = Assert.Throws<OpException>(() => harness.Ops.Linear(harness.Floats(new float[10], 2), weight));
        Assert.Contains("linear: x [2, 5] F32 does not fit weight", error.Message, StringComparison.Ordinal);
        Assert.Contains("[8, 6] F32", error.Message, StringComparison.Ordinal);
        Assert.Contains("some.weight", error.Message, StringComparison.Ordinal);

        error = Assert.Throws<OpException>(() => harness.Ops.Linear(harness.Floats(new float[12], 2), weight, harness.Floats(new float[7], 1)));
        Assert.Contains("linear: bias [1, 7] F32 does not fit weight", error.Message, StringComparison.Ordinal);
    }

    /// <summary>The weight with its whole shape, which a weight of no rows does not tell by its values.</summary>
    private static HostTensor Named(Weight weight, int outputs, int inputs) => new(
        weight.Name, weight.Format switch { WeightFormat.BF16 => DType.BF16, WeightFormat.F16 => DType.F16, _ => DType.F32 }, [outputs, inputs], weight.Data, weight.Owner);
}

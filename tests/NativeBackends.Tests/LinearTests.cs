using XLLM.NativeBackends.Ops;

namespace XLLM.NativeBackends.Tests;

public sealed class LinearTests
{
    public static TheoryData<string, string> VariantsAndKinds => WeightKind.WithVariants;

    [Theory]
    [MemberData(nameof(VariantsAndKinds))]
    public void Linear_EqualsTheReference_ForOddShapesAndStrides(string variant, string kindName)
    {
        var kind = WeightKind.Find(kindName);
        using var reference = new Harness("reference");
        using var subject = new Harness(variant);
        foreach (var (rows, outputs, wantedInputs) in new[]
        {
            (1, 1, 1), (1, 5, 15), (2, 7, 16), (3, 9, 17), (5, 64, 33), (13, 70, 48), (25, 131, 100), (37, 3, 257), (64, 20, 1024), (0, 4, 4), (2, 0, 4),
        })
        {
            var inputs = kind.Fitting(wantedInputs);

            // Sums of numbers in [-1, 1): their F32 rounding errors grow as the square root of their number.
            Compare.Close(Run(reference), Run(subject), 3e-7 * Math.Sqrt(inputs + 8));

            float[] Run(Harness harness)
            {
                var x = harness.Floats(Harness.Random(rows, rows * inputs), rows, gap: 5) with { Columns = inputs };
                var weight = harness.Weight(kind, outputs, outputs, inputs);
                return harness.Read(harness.Ops.Linear(x, weight, harness.Floats(Harness.Random(1, outputs), 1)));
            }
        }
    }

    [Theory]
    [MemberData(nameof(VariantsAndKinds))]
    public void Linear_GivesARowTheSameBits_WithAnyNumberOfOtherRows(string variant, string kindName)
    {
        var kind = WeightKind.Find(kindName);
        using var harness = new Harness(variant);
        const int Outputs = 77;
        foreach (var inputs in new[] { kind.Fitting(40), kind.Fitting(333) })
        {
            var values = Harness.Random(1, 67 * inputs);
            var x = harness.Floats(values, 67, gap: 1);
            var weight = harness.Weight(kind, 2, Outputs, inputs);
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
    [MemberData(nameof(VariantsAndKinds))]
    public void Linear_GivesTheSameBits_WithAnyNumberOfThreads(string variant, string kindName)
    {
        var kind = WeightKind.Find(kindName);
        var inputs = kind.Fitting(200);
        float[]? expected = null;
        foreach (var threads in new[] { 1, 2, 3, 8 })
        {
            using var harness = new Harness(variant, threads);
            var weight = harness.Weight(kind, 2, 300, inputs);
            var few = harness.Read(harness.Ops.Linear(harness.Floats(Harness.Random(1, 3 * inputs), 3), weight));
            var many = harness.Read(harness.Ops.Linear(harness.Floats(Harness.Random(1, 50 * inputs), 50), weight));
            Compare.SameBits(few, many.AsSpan(0, few.Length));
            expected ??= many;
            Compare.SameBits(expected, many);
        }
    }

    [Theory]
    [MemberData(nameof(WeightKind.All), MemberType = typeof(WeightKind))]
    public void Linear_GivesTheSameBits_OnAllInstructionSetsThatFuseMultiplyAndAdd(string kindName)
    {
        var kind = WeightKind.Find(kindName);
        var inputs = kind.Fitting(211);
        var fused = BackendVariants.Names.Where(name => name.StartsWith("cpu Avx", StringComparison.Ordinal)).ToList();
        if (fused.Count < 2)
        {
            Assert.Skip("this processor or build has fewer than two of AVX2 and AVX-512");
        }

        var results = fused.ConvertAll(variant =>
        {
            using var harness = new Harness(variant);
            var weight = harness.Weight(kind, 2, 50, inputs);
            return harness.Read(harness.Ops.Linear(harness.Floats(Harness.Random(1, 31 * inputs), 31), weight));
        });
        Compare.SameBits(results[0], results[1]);
    }

    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void Linear_OfAWeightWithSortedColumns_EqualsThatOfTheSameNumbersInOrder(string variant)
    {
        using var harness = new Harness(variant);
        const int Rows = 20;
        const int Inputs = 96;
        var sorted = harness.Weight(WeightKind.Find("I4 groups of 32, zeros, order"), 3, Rows, Inputs);
        var plain = new float[Rows * Inputs];
        var rows = harness.Ops.Embedding(harness.Ops.Integers([.. Enumerable.Range(0, Rows)]), sorted);
        harness.Read(rows).CopyTo(plain, 0);
        foreach (var count in new[] { 1, 30 })
        {
            var x = harness.Floats(Harness.Random(count, count * Inputs), count, gap: 3);
            Compare.Close(harness.Read(harness.Ops.Linear(x, harness.Weight(plain, Rows))), harness.Read(harness.Ops.Linear(x, sorted)), 4e-6);
        }
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
}

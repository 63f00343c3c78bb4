using XLLM.NativeBackends.Ops;

namespace XLLM.NativeBackends.Tests;

public sealed class LinearHeadsTests
{
    public static TheoryData<string, WeightFormat> VariantsAndFormats => DenseFormats.WithVariants;

    [Theory]
    [MemberData(nameof(VariantsAndFormats))]
    public void LinearHeads_EqualsTheReference_InBothForms(string variant, WeightFormat format)
    {
        using var reference = new Harness("reference");
        using var subject = new Harness(variant);
        foreach (var (rows, slice, columns) in new (int, HeadSlice, int)[]
        {
            (1, new(1, 1, 0, 1), 1), (1, new(3, 8, 2, 5), 17), (2, new(2, 12, 0, 12), 16), (5, new(4, 48, 16, 32), 33),
            (14, new(3, 40, 5, 35), 64), (70, new(2, 80, 10, 65), 100), (130, new(1, 20, 4, 16), 40), (0, new(2, 3, 0, 2), 4),
        })
        {
            foreach (var transposed in new[] { false, true })
            {
                var inputs = transposed ? slice.Count : columns;
                // The transposed form adds one term after the other, so it rounds more often than Linear's sixteen lanes.
                Compare.Close(Run(reference), Run(subject), 4e-7 * Math.Sqrt(inputs + 8));

                float[] Run(Harness harness)
                {
                    var width = slice.Heads * inputs;
                    var x = harness.Floats(Harness.Random(rows, rows * width), rows, gap: 5) with { Columns = width };
                    var weight = harness.Weight(Harness.Random(columns, slice.Heads * slice.Stride * columns), slice.Heads * slice.Stride, format);
                    return harness.Read(harness.Ops.LinearHeads(x, weight, slice, transposed));
                }
            }
        }
    }

    [Fact]
    public void TheReference_TakesEachHeadsRows()
    {
        using var harness = new Harness("reference");
        var weight = harness.Weight([1, 2, 3, 4, 5, 6, 7, 8], 4);                        // two heads of two rows; the second row of each
        var slice = new HeadSlice(2, 2, 1, 1);

        Assert.Equal([3 + 40, 700 + 8000], harness.Read(harness.Ops.LinearHeads(harness.Floats([1, 10, 100, 1000], 1), weight, slice, transposed: false)));
        Assert.Equal([3, 4, 70, 80], harness.Read(harness.Ops.LinearHeads(harness.Floats([1, 10], 1), weight, slice, transposed: true)));
    }

    [Theory]
    [MemberData(nameof(VariantsAndFormats))]
    public void LinearHeads_GivesARowTheSameBits_WithAnyNumberOfOtherRows(string variant, WeightFormat format)
    {
        using var harness = new Harness(variant);
        var slice = new HeadSlice(3, 50, 7, 40);
        const int Columns = 70;
        var weight = harness.Weight(Harness.Random(2, 150 * Columns), 150, format);
        foreach (var transposed in new[] { false, true })
        {
            var (inputs, outputs) = transposed ? (3 * 40, 3 * Columns) : (3 * Columns, 3 * 40);
            var x = harness.Floats(Harness.Random(1, 80 * inputs), 80, gap: 1);
            var alone = Enumerable.Range(0, 80).SelectMany(r => harness.Read(harness.Ops.LinearHeads(x.RowSlice(r, 1), weight, slice, transposed))).ToArray();
            foreach (var rows in new[] { 2, 5, 13, 64, 66, 80 })
            {
                Compare.SameBits(alone.AsSpan(0, rows * outputs), harness.Read(harness.Ops.LinearHeads(x.RowSlice(0, rows), weight, slice, transposed)));
                Compare.SameBits(alone.AsSpan((80 - rows) * outputs), harness.Read(harness.Ops.LinearHeads(x.RowSlice(80 - rows, rows), weight, slice, transposed)));
            }
        }
    }

    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void LinearHeads_ThrowsBothShapes_WhenTheyDoNotFit(string variant)
    {
        using var harness = new Harness(variant);
        var weight = harness.Weight(new float[24], 6);
        var x = harness.Floats(new float[16], 2);
        Assert.Contains(
            "linear_heads: rows 1 to 4 of each 3 for 2 heads do not fit weight",
            Assert.Throws<OpException>(() => harness.Ops.LinearHeads(x, weight, new(2, 3, 1, 3), false)).Message,
            StringComparison.Ordinal);
        Assert.Contains(
            "linear_heads: x [2, 8] F32 does not have 2 heads of 2 columns",
            Assert.Throws<OpException>(() => harness.Ops.LinearHeads(x, weight, new(2, 3, 1, 2), true)).Message,
            StringComparison.Ordinal);
    }
}

using XLLM.NativeBackends.Ops;

namespace XLLM.NativeBackends.Tests;

public sealed class ExpertsTests
{
    public static TheoryData<string, WeightFormat> VariantsAndFormats => DenseFormats.WithVariants;

    [Theory]
    [MemberData(nameof(VariantsAndFormats))]
    public void Experts_EqualsTheReference_ForFewAndManyRowsOfAnExpert(string variant, WeightFormat format)
    {
        using var reference = new Harness("reference");
        using var subject = new Harness(variant);
        foreach (var (rows, experts, chosen, hidden, intermediate) in new[] { (1, 1, 1, 1, 1), (1, 8, 2, 33, 17), (5, 4, 4, 48, 20), (40, 6, 2, 70, 100), (70, 3, 2, 40, 64), (0, 2, 1, 8, 8) })
        {
            // Terms of the last sum reach 50 and cancel: its rounding errors are those of its terms.
            Compare.Close(Run(reference), Run(subject), 3e-5);

            float[] Run(Harness harness)
            {
                var x = harness.Floats(Harness.Random(rows, rows * hidden), rows, gap: 5) with { Columns = hidden };
                return harness.Read(harness.Ops.Experts(x, Choose(harness, 9, rows, experts, chosen), Weights(harness, experts, hidden, intermediate, format)));
            }
        }
    }

    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void Experts_AddsTheWeightedNetworks(string variant)
    {
        using var harness = new Harness(variant);
        var one = harness.Weight([1], 1);
        var experts = new ExpertWeights([one, one], [one, harness.Weight([2], 1)], [harness.Weight([3], 1), harness.Weight([5], 1)]);
        var choice = new ExpertChoice(harness.Ops.Integers([1, 0], 1), harness.Floats([0.5f, 0.25f], 1));
        var silu = 2 / (1 + Math.Exp(-2));
        var y = harness.Read(harness.Ops.Experts(harness.Floats([2], 1), choice, experts));
        Compare.Close([(float)((0.25 * 3 * silu * 2) + (0.5 * 5 * silu * 4))], y, 1e-6);
    }

    [Theory]
    [MemberData(nameof(VariantsAndFormats))]
    public void Experts_GivesARowTheSameBits_WhateverRowsShareItsExperts(string variant, WeightFormat format)
    {
        using var harness = new Harness(variant);
        const int Rows = 90;
        const int Hidden = 72;
        var weights = Weights(harness, 5, Hidden, 40, format);
        var x = harness.Floats(Harness.Random(1, Rows * Hidden), Rows, gap: 1);
        var choice = Choose(harness, 3, Rows, 5, 2);
        var alone = Enumerable.Range(0, Rows).SelectMany(r => Run(r, 1)).ToArray();
        foreach (var rows in new[] { 2, 7, 30, 64, Rows })
        {
            Compare.SameBits(alone.AsSpan(0, rows * Hidden), Run(0, rows));
            Compare.SameBits(alone.AsSpan((Rows - rows) * Hidden), Run(Rows - rows, rows));
        }

        float[] Run(int first, int rows) => harness.Read(harness.Ops.Experts(
            x.RowSlice(first, rows), new(choice.Ids.RowSlice(first, rows), choice.Weights.RowSlice(first, rows)), weights));
    }

    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void Experts_GivesTheSameBits_WithAnyNumberOfThreads(string variant)
    {
        float[]? expected = null;
        foreach (var threads in new[] { 1, 2, 5 })
        {
            using var harness = new Harness(variant, threads);
            var x = harness.Floats(Harness.Random(1, 60 * 200), 60);
            var result = harness.Read(harness.Ops.Experts(x, Choose(harness, 3, 60, 7, 3), Weights(harness, 7, 200, 90, WeightFormat.BF16)));
            expected ??= result;
            Compare.SameBits(expected, result);
        }
    }

    /// <summary>Weights whose columns are stored in an order of their own (GPTQ's act-order), another one for every matrix.</summary>
    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void Experts_OfSortedColumns_EqualTheProductsOfTheirMatrices_BitForBit(string variant)
    {
        const int Hidden = 96;
        const int Intermediate = 64;
        foreach (var kind in new[] { "I4 groups of 32, zeros, order", "I8 groups of 64, order" }.Select(WeightKind.Find))
        {
            using var harness = new Harness(variant);
            using var reference = new Harness("reference");
            foreach (var rows in new[] { 1, 5, 40, 90 })
            {
                var weights = Weights(harness, kind);
                var x = harness.Floats(Harness.Random(rows, rows * Hidden), rows, gap: 2);
                var gate = harness.Ops.Linear(x, weights.Gate[1]);
                harness.Ops.SiluMultiply(gate, harness.Ops.Linear(x, weights.Up[1]));
                var expected = harness.Read(harness.Ops.Linear(gate, weights.Down[1]));

                var one = new ExpertChoice(harness.Ops.Integers([.. Enumerable.Repeat(1, rows)], rows), harness.Floats([.. Enumerable.Repeat(1f, rows)], rows));
                Compare.SameBits(expected, harness.Read(harness.Ops.Experts(x, one, weights)));

                // Several experts for each row, against the reference.
                Compare.Close(Several(reference, rows, kind), Several(harness, rows, kind), 3e-5);
            }
        }

        static float[] Several(Harness harness, int rows, WeightKind kind) => harness.Read(harness.Ops.Experts(
            harness.Floats(Harness.Random(rows, rows * Hidden), rows), Choose(harness, 9, rows, 3, 2), Weights(harness, kind)));

        static ExpertWeights Weights(Harness harness, WeightKind kind) => new(
            [.. Enumerable.Range(0, 3).Select(e => harness.Weight(kind, 10 + e, Intermediate, Hidden))],
            [.. Enumerable.Range(0, 3).Select(e => harness.Weight(kind, 20 + e, Intermediate, Hidden))],
            [.. Enumerable.Range(0, 3).Select(e => harness.Weight(kind, 30 + e, Hidden, Intermediate))]);
    }

    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void Experts_ThrowsBothShapes_WhenTheyDoNotFit(string variant)
    {
        using var harness = new Harness(variant);
        var weights = Weights(harness, 2, 6, 4, WeightFormat.F32);
        var x = harness.Floats(new float[12], 2);
        var choice = new ExpertChoice(harness.Ops.Integers([0, 1], 2), harness.Floats([1, 1], 2));
        Assert.Contains("experts: row 1 names expert 2 of 2", Throw(x, choice with { Ids = harness.Ops.Integers([0, 2], 2) }, weights), StringComparison.Ordinal);
        Assert.Contains("experts: ids [1, 1] I32 and weights [2, 1] F32 do not fit x [2, 6] F32", Throw(x, choice with { Ids = harness.Ops.Integers([0]) }, weights), StringComparison.Ordinal);
        Assert.Contains("of expert 0 do not fit each other and x [2, 3] F32", Throw(x.ColumnSlice(0, 3), choice, weights), StringComparison.Ordinal);
        Assert.Contains("experts: 2 gates, 2 ups and 1 downs", Throw(x, choice, weights with { Down = [weights.Down[0]] }), StringComparison.Ordinal);

        string Throw(Tensor rows, ExpertChoice chosen, ExpertWeights experts) => Assert.Throws<OpException>(() => harness.Ops.Experts(rows, chosen, experts)).Message;
    }

    private static ExpertChoice Choose(Harness harness, int seed, int rows, int experts, int chosen)
    {
        var random = new Random(seed);
        var ids = Enumerable.Range(0, rows).SelectMany(_ =>
        {
            var all = Enumerable.Range(0, experts).ToArray();
            random.Shuffle(all);
            return all.Take(chosen);
        }).ToArray();
        return rows == 0
            ? new(harness.Ops.Integers(new int[chosen]).RowSlice(0, 0), harness.Floats(new float[chosen], 1).RowSlice(0, 0))
            : new(harness.Ops.Integers(ids, rows), harness.Floats(Harness.Random(seed + 1, rows * chosen), rows, gap: 1));
    }

    private static ExpertWeights Weights(Harness harness, int experts, int hidden, int intermediate, WeightFormat format)
    {
        return new(Each(10, intermediate), Each(20, intermediate), Each(30, hidden));

        Weight[] Each(int seed, int rows) => [.. Enumerable.Range(0, experts).Select(e => harness.Weight(Harness.Random((seed * 100) + e, hidden * intermediate), rows, format))];
    }
}

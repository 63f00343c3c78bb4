using XLLM.NativeBackends.Ops;

namespace XLLM.NativeBackends.Tests;

public sealed class ChooseExpertsTests
{
    public static TheoryData<string, ExpertScore, bool> Cases =>
        [.. BackendVariants.Names.SelectMany(variant => Enum.GetValues<ExpertScore>().SelectMany(score => new[] { false, true }.Select(biased => (variant, score, biased))))];

    [Theory]
    [MemberData(nameof(Cases))]
    public void ChooseExperts_EqualsTheReference(string variant, ExpertScore score, bool biased)
    {
        using var reference = new Harness("reference");
        using var subject = new Harness(variant);
        foreach (var (rows, experts, routing) in new (int, int, ExpertRouting)[]
        {
            (1, 1, new(1, score, 1, 1, ExpertGroupScore.Best, true, 1)),
            (3, 8, new(2, score, 1, 1, ExpertGroupScore.Best, false, 1)),
            (5, 12, new(3, score, 4, 2, ExpertGroupScore.Best, false, 2)),
            (17, 16, new(4, score, 4, 2, ExpertGroupScore.SumOfTwoBest, true, 1.5f)),
            (100, 256, new(8, score, 8, 4, ExpertGroupScore.SumOfTwoBest, true, 2.5f)),
            (40, 384, new(8, score, 1, 1, ExpertGroupScore.SumOfTwoBest, true, 2.827f)),
            (9, 6, new(2, score, 6, 3, ExpertGroupScore.SumOfTwoBest, true, 1)),
            (0, 4, new(2, score, 1, 1, ExpertGroupScore.Best, true, 1)),
        })
        {
            var (expectedIds, expected) = Run(reference);
            var (ids, weights) = Run(subject);
            Assert.Equal(expectedIds, ids);
            Compare.Close(expected, weights, 2e-6);

            (int[] Ids, float[] Weights) Run(Harness harness)
            {
                var logits = harness.Floats([.. Harness.Random(experts, rows * experts).Select(value => value * 4)], rows, gap: 3) with { Columns = experts };
                Tensor? bias = biased ? harness.Floats([.. Harness.Random(2, experts).Select(value => value - 1)], 1) : null;
                var choice = harness.Ops.ChooseExperts(logits, bias, routing);
                return (ReadIds(harness, choice.Ids), harness.Read(choice.Weights));
            }
        }
    }

    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void ChooseExperts_TakesTheLowerExpertFirst_AmongEquals(string variant)
    {
        using var harness = new Harness(variant);
        var choice = harness.Ops.ChooseExperts(harness.Floats([1, 3, 3, 1, 3, 1], 1), null, new(4, ExpertScore.Sigmoid, 1, 1, ExpertGroupScore.Best, true, 1));
        Assert.Equal([1, 2, 4, 0], ReadIds(harness, choice.Ids));
    }

    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void ChooseExperts_NeverLeavesTheChosenGroups_EvenWhereAllTheirScoresAreNegative(string variant)
    {
        using var harness = new Harness(variant);
        var bias = harness.Floats([-5, -5, -4, -4, -6, -6], 1);
        var choice = harness.Ops.ChooseExperts(harness.Floats(new float[6], 1), bias, new(2, ExpertScore.Sigmoid, 3, 1, ExpertGroupScore.SumOfTwoBest, true, 3));
        Assert.Equal([2, 3], ReadIds(harness, choice.Ids));
        Assert.Equal([1.5f, 1.5f], harness.Read(choice.Weights));       // the bias counts for the choice alone
    }

    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void ChooseExperts_NamesDifferentExperts_WhateverTheLogits(string variant)
    {
        using var harness = new Harness(variant);
        var logits = harness.Floats([float.NaN, float.NaN, float.NaN, float.NaN, -200, -300, -400, -500, 0, float.NaN, 1, 2], 3);
        var ids = ReadIds(harness, harness.Ops.ChooseExperts(logits, null, new(3, ExpertScore.Sigmoid, 2, 2, ExpertGroupScore.Best, true, 1)).Ids);
        Assert.All(ids.Chunk(3), row => Assert.Equal(3, row.Distinct().Count(id => id is >= 0 and < 4)));
    }

    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void ChooseExperts_GivesARowTheSameBits_WithAnyNumberOfOtherRows(string variant)
    {
        using var harness = new Harness(variant);
        var logits = harness.Floats(Harness.Random(1, 90 * 40), 90);
        var routing = new ExpertRouting(6, ExpertScore.Softmax, 4, 2, ExpertGroupScore.Best, true, 2);
        var together = harness.Read(harness.Ops.ChooseExperts(logits, null, routing).Weights);
        Compare.SameBits(Enumerable.Range(0, 90).SelectMany(r => harness.Read(harness.Ops.ChooseExperts(logits.RowSlice(r, 1), null, routing).Weights)).ToArray(), together);
    }

    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void ChooseExperts_ThrowsBothNumbers_WhenTheyDoNotFit(string variant)
    {
        using var harness = new Harness(variant);
        var logits = harness.Floats(new float[16], 2);
        Assert.Equal("choose_experts: 2 of 3 groups do not fit 8 experts", Throw(null, new(2, ExpertScore.Softmax, 3, 2, ExpertGroupScore.Best, true, 1)));
        Assert.Equal("choose_experts: 5 experts of 4 that may be chosen", Throw(null, new(5, ExpertScore.Softmax, 4, 2, ExpertGroupScore.Best, true, 1)));
        Assert.Equal(
            "choose_experts: bias [1, 7] F32 does not fit logits [2, 8] F32", Throw(harness.Floats(new float[7], 1), new(2, ExpertScore.Softmax, 1, 1, ExpertGroupScore.Best, true, 1)));

        string Throw(Tensor? bias, ExpertRouting routing) => Assert.Throws<OpException>(() => harness.Ops.ChooseExperts(logits, bias, routing)).Message;
    }

    private static int[] ReadIds(Harness harness, Tensor ids)
    {
        var values = new int[ids.Rows * ids.Columns];
        harness.Backend.Download(ids.Data, System.Runtime.InteropServices.MemoryMarshal.AsBytes(values.AsSpan()));
        return values;
    }
}

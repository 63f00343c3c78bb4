using XLLM.NativeBackends.Ops;

namespace XLLM.NativeBackends.Tests;

public sealed class GatedDeltaRuleTests
{
    private static readonly int[] Blocks = [.. Enumerable.Range(0, 13)];

    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void GatedDeltaRule_EqualsTheReference_ForAllHeadShapes(string variant)
    {
        using var reference = new Harness("reference");
        using var subject = new Harness(variant);
        foreach (var (keyHeads, heads, keys, values) in new[] { (1, 1, 1, 1), (1, 3, 16, 16), (2, 4, 33, 17), (2, 2, 5, 70), (3, 9, 24, 130), (1, 2, 128, 128) })
        {
            foreach (var (tokens, chunk) in new[] { (1, 1), (70, 70), (41, 6) })
            {
                Compare.Close(Run(reference), Run(subject), 2e-5);

                float[] Run(Harness harness) => new DeltaSequences(harness, keyHeads, heads, keys, values, 2).Run(1, tokens, chunk, Blocks);
            }
        }
    }

    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void GatedDeltaRule_GivesARowTheSameBits_ForEveryChunking_InPlaceOrNot(string variant)
    {
        using var harness = new Harness(variant);
        const int Tokens = 200;
        foreach (var (keys, values) in new[] { (16, 16), (33, 83), (128, 128) })
        {
            var expected = new DeltaSequences(harness, 2, 4, keys, values, 1).Run(0, Tokens, Tokens, Blocks);
            Assert.DoesNotContain(expected, float.IsNaN);
            foreach (var chunk in new[] { 1, 7, 64 })
            {
                Compare.SameBits(expected, new DeltaSequences(harness, 2, 4, keys, values, 1).Run(0, Tokens, chunk, Blocks));
                Compare.SameBits(expected, new DeltaSequences(harness, 2, 4, keys, values, 1) { InPlace = true }.Run(0, Tokens, chunk, Blocks));
            }
        }
    }

    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void GatedDeltaRule_GivesARowTheSameBits_InABatchOf16_AsAlone(string variant)
    {
        using var harness = new Harness(variant);
        StepSequences.AssertSameBitsInABatch(Create(), Create());

        DeltaSequences Create() => new(harness, 1, 3, 24, 40, 16);
    }

    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void GatedDeltaRule_GivesTheSameBits_WithAnyNumberOfThreads(string variant)
    {
        float[]? expected = null;
        foreach (var threads in new[] { 1, 2, 3, 8 })
        {
            using var harness = new Harness(variant, threads);
            var result = new DeltaSequences(harness, 4, 20, 32, 48, 1).Run(0, 60, 17, Blocks);
            expected ??= result;
            Compare.SameBits(expected, result);
        }
    }

    [Fact]
    public void GatedDeltaRule_GivesTheSameBits_OnProcessorsThatFuse()
    {
        var variants = BackendVariants.Names.Where(name => name is "cpu Avx2 2" or "cpu Avx512 2").ToArray();
        Assert.SkipWhen(variants.Length < 2, "this processor has not both");
        var results = variants.Select(variant =>
        {
            using var harness = new Harness(variant);
            return new DeltaSequences(harness, 2, 4, 33, 83, 1).Run(0, 90, 20, Blocks);
        }).ToArray();
        Compare.SameBits(results[0], results[1]);
    }

    [Fact]
    public void TheReference_OverwritesWhatAKeyFinds()
    {
        // decay = exp(-e^0 * ln(1 + e^0)) = 1/2; beta = sigmoid(0) = 1/2. Two tokens with key (1, 0): the state there goes 0 -> 2 -> 2/2 + (8 - 2/2)/2 = 4.5.
        using var harness = new Harness("reference");
        var ops = harness.Ops;
        var state = StateSequences.Layer(harness, 1, 2, 1, 1, 0, 1);
        int[] blocks = [.. Enumerable.Range(0, state.Blocks)];
        var batch = new AttentionBatch(ops.Integers([0, 3]), ops.Integers([3]), ops.Integers([.. blocks, .. blocks]), ops.Integers([]));
        var zeros = harness.Floats(new float[3], 3);
        var zero = harness.Floats([0], 1);
        var y = ops.GatedDeltaRule(
            harness.Floats([1, 0, 1, 0, 0, 3], 3), harness.Floats([1, 0, 1, 0, 0, 1], 3), harness.Floats([4, 8, 6], 3), new DeltaGates(zeros, zeros, zero, zero), state, batch);
        Assert.Equal([2, 4.5f, 9], harness.Read(y));
    }

    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void GatedDeltaRule_HasADecayOfOneOrZero_WhereTheStepIsExtreme(string variant)
    {
        using var harness = new Harness(variant);
        var ops = harness.Ops;
        var state = StateSequences.Layer(harness, 2, 1, 1, 1, 0, 1);
        int[] blocks = [.. Enumerable.Range(0, state.Blocks)];
        var batch = new AttentionBatch(ops.Integers([0, 2]), ops.Integers([2]), ops.Integers([.. blocks, .. blocks]), ops.Integers([]));
        var y = ops.GatedDeltaRule(
            harness.Floats([1, 1], 2),
            harness.Floats([1, 0], 2),
            harness.Floats([5, 5, 7, 7], 2),
            new DeltaGates(harness.Floats([1000, 1000, -1000, -1000], 2), harness.Floats([-1000, 1000, -1000, 1000], 2), harness.Floats([0, 0], 1), harness.Floats([0, 0], 1)),
            state,
            batch);
        Assert.Equal([5, 5, 5, 0], harness.Read(y));
    }

    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void GatedDeltaRule_ThrowsShapesAndNumbers_WhenTheyDoNotFit(string variant)
    {
        using var harness = new Harness(variant);
        var ops = harness.Ops;
        var state = StateSequences.Layer(harness, 2, 4, 3, 1, 0, 1);
        int[] blocks = [.. Enumerable.Range(0, state.Blocks)];
        var batch = new AttentionBatch(ops.Integers([0, 2]), ops.Integers([3]), ops.Integers([.. blocks, .. blocks]), ops.Integers([]));
        var (q, v) = (harness.Floats(new float[8], 2), harness.Floats(new float[12], 2));
        var (scalars, vector) = (harness.Floats(new float[4], 2), harness.Floats(new float[2], 1));
        var gates = new DeltaGates(scalars, scalars, vector, vector);

        Assert.Equal(
            "gated_delta_rule: q [2, 6] F32 does not have heads of 4 columns whose number divides 2", Throw(() => ops.GatedDeltaRule(v, v, v, gates, state, batch)));
        Assert.Equal("gated_delta_rule: k [2, 6] F32 does not fit q [2, 4] F32", Throw(() => ops.GatedDeltaRule(q, v, v, gates, state, batch)));
        Assert.Equal("gated_delta_rule: v [2, 4] F32 is not [2, 6]", Throw(() => ops.GatedDeltaRule(q, q, q, gates, state, batch)));
        Assert.Equal("gated_delta_rule: strength [1, 2] F32 is not [2, 2]", Throw(() => ops.GatedDeltaRule(q, q, v, gates with { Strength = vector }, state, batch)));
        Assert.Equal("gated_delta_rule: step [1, 2] F32 is not [2, 2]", Throw(() => ops.GatedDeltaRule(q, q, v, gates with { Step = vector }, state, batch)));
        Assert.Equal("gated_delta_rule: log decay [2, 2] F32 is not [1, 2]", Throw(() => ops.GatedDeltaRule(q, q, v, gates with { LogDecay = scalars }, state, batch)));
        Assert.Equal("gated_delta_rule: step bias [2, 2] F32 is not [1, 2]", Throw(() => ops.GatedDeltaRule(q, q, v, gates with { StepBias = scalars }, state, batch)));
        Assert.Equal(
            "gated_delta_rule: a state needs 2 blocks for its matrices and 1 after block 2 for its window, but has 1",
            Throw(() => ops.GatedDeltaRule(q, q, v, gates, state with { Blocks = 1 }, batch)));

        static string Throw(Action act) => Assert.Throws<OpException>(act).Message;
    }
}

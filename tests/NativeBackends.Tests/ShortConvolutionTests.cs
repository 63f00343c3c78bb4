using XLLM.NativeBackends.Ops;

namespace XLLM.NativeBackends.Tests;

public sealed class ShortConvolutionTests
{
    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void ShortConvolution_EqualsTheReference_ForAllSizesAndChunks(string variant)
    {
        using var reference = new Harness("reference");
        using var subject = new Harness(variant);
        foreach (var (channels, window) in new[] { (1, 0), (1, 3), (37, 1), (64, 3), (600, 2), (1041, 7) })
        {
            foreach (var (tokens, chunk) in new[] { (1, 1), (40, 40), (23, 2) })
            {
                Compare.Close(Run(reference), Run(subject), 2e-6);

                float[] Run(Harness harness) => new ConvolvedSequences(harness, channels, window, 2).Run(1, tokens, chunk, [0, 1, 2]);
            }
        }
    }

    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void ShortConvolution_GivesARowTheSameBits_ForEveryChunking_InPlaceOrNot_WholeOrInParts(string variant)
    {
        using var harness = new Harness(variant);
        const int Tokens = 150;
        foreach (var window in new[] { 0, 1, 3, 9 })
        {
            var expected = new ConvolvedSequences(harness, 83, window, 1).Run(0, Tokens, Tokens, Blocks);
            Assert.DoesNotContain(expected, float.IsNaN);
            foreach (var chunk in new[] { 1, 2, 7, 64 })
            {
                Compare.SameBits(expected, new ConvolvedSequences(harness, 83, window, 1).Run(0, Tokens, chunk, Blocks));
                Compare.SameBits(expected, new ConvolvedSequences(harness, 83, window, 1) { InPlace = true }.Run(0, Tokens, chunk, Blocks));
                Compare.SameBits(expected, new ConvolvedSequences(harness, 83, window, 1) { Cuts = [16, 35] }.Run(0, Tokens, chunk, Blocks));
            }
        }
    }

    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void ShortConvolution_GivesARowTheSameBits_InABatchOf16_AsAlone(string variant)
    {
        using var harness = new Harness(variant);
        StepSequences.AssertSameBitsInABatch(Create(), Create());

        ConvolvedSequences Create() => new(harness, 40, 3, 16);
    }

    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void ShortConvolution_ThrowsShapesAndNumbers_WhenTheyDoNotFit(string variant)
    {
        using var harness = new Harness(variant);
        var ops = harness.Ops;
        var state = StateSequences.Layer(harness, 1, 1, 1, 8, 3, 1);
        var x = harness.Floats(new float[16], 2);
        var weight = harness.Floats(new float[32], 4);
        var batch = new AttentionBatch(ops.Integers([0, 2]), ops.Integers([3]), ops.Integers([0, 1, 2, 0, 1, 2]), ops.Integers([]));

        Assert.Equal("short_convolution: weight [2, 8] F32 does not fit x [2, 8] F32 and a window of 3 rows", Throw(() => ops.ShortConvolution(x, x, state, 0, batch)));
        Assert.Equal("short_convolution: channels 1 to 9 are not in [0, 8]", Throw(() => ops.ShortConvolution(x, weight, state, 1, batch)));
        Assert.Equal(
            "short_convolution: block tables [1, 3] I32 are not [1, 6] I32", Throw(() => ops.ShortConvolution(x, weight, state, 0, batch with { BlockTables = ops.Integers([0, 1, 2]) })));
        Assert.Equal(
            "short_convolution: sequence 0 has block -1 at 4; blocks start at 0",
            Throw(() => ops.ShortConvolution(x, weight, state, 0, batch with { BlockTables = ops.Integers([0, 1, 2, 0, -1, 2]) })));
        Assert.Equal(
            "short_convolution: sequence 0 has 2 rows and a context of 1", Throw(() => ops.ShortConvolution(x, weight, state, 0, batch with { ContextLengths = ops.Integers([1]) })));
        Assert.Equal(
            "short_convolution: row starts go from 0 to 1, there are rows 0 to 2", Throw(() => ops.ShortConvolution(x, weight, state, 0, batch with { RowStarts = ops.Integers([0, 1]) })));
        Assert.Equal(
            "short_convolution: a state needs 1 blocks for its matrices and 2 after block 1 for its window, but has 2",
            Throw(() => ops.ShortConvolution(x, weight, state with { Blocks = 2 }, 0, batch)));
        Assert.Equal(
            "short_convolution: a state of 1 matrices [1, 1] and -1 rows of 8 in 3 blocks is none",
            Throw(() => ops.ShortConvolution(x, harness.Floats([], 0) with { Columns = 8 }, state with { Window = -1 }, 0, batch)));

        static string Throw(Action act) => Assert.Throws<OpException>(act).Message;
    }

    private static int[] Blocks { get; } = [.. Enumerable.Range(0, 10)];
}

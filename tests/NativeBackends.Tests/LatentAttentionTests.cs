using XLLM.NativeBackends.Ops;

namespace XLLM.NativeBackends.Tests;

public sealed class LatentAttentionTests
{
    public static TheoryData<string, DType, int> Cases =>
        [.. BackendVariants.Names.SelectMany(variant => new[] { DType.F32, DType.BF16, DType.I8 }.SelectMany(dtype => new[] { 0, 1, 70 }.Select(selected => (variant, dtype, selected))))];

    [Theory]
    [MemberData(nameof(Cases))]
    public void LatentAttention_EqualsTheReference_ForAllHeadShapes(string variant, DType dtype, int selected)
    {
        foreach (var (heads, columns, values) in new[] { (1, 1, 1), (3, 40, 32), (5, 23, 15), (7, 80, 64), (61, 20, 17), (100, 36, 32) })
        {
            foreach (var (tokens, blockTokens) in new[] { (1, 16), (70, 3), (130, 64) })
            {
                using var reference = new Harness("reference");
                using var subject = new Harness(variant);
                Compare.Close(Run(reference), Run(subject), 3e-6);

                float[] Run(Harness harness)
                {
                    var blocks = (tokens + blockTokens - 1) / blockTokens;
                    var sequences = new LatentSequences(harness, heads, columns, values, dtype, blockTokens, blocks) { Selected = selected };
                    return sequences.Run(1, tokens, tokens, [.. Enumerable.Range(0, blocks).Reverse()]);
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void LatentAttention_GivesARowTheSameBits_ForEveryChunking_AndBlockPlacement(string variant, DType dtype, int selected)
    {
        using var harness = new Harness(variant);
        var sequences = new LatentSequences(harness, 5, 40, 32, dtype, 16, 32) { Selected = selected };
        const int Tokens = 150;
        var expected = sequences.Run(7, Tokens, Tokens, [.. Enumerable.Range(0, 10)]);
        Assert.DoesNotContain(expected, float.IsNaN);
        foreach (var chunk in new[] { 1, 7, 64 })
        {
            Compare.SameBits(expected, sequences.Run(7, Tokens, chunk, [.. Enumerable.Range(0, 10).Select(b => (b * 11) % 31)]));
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void LatentAttention_GivesARowTheSameBits_InABatchOf16_AsAlone(string variant, DType dtype, int selected)
    {
        using var harness = new Harness(variant);
        StepSequences.AssertSameBitsInABatch(Create(), Create());

        LatentSequences Create() => new(harness, 3, 24, 16, dtype, 16, 16 * 9) { Selected = selected };
    }

    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void LatentAttention_GivesTheSameBits_WithAnyNumberOfThreads(string variant)
    {
        float[]? expected = null;
        foreach (var threads in new[] { 1, 2, 3, 8 })
        {
            using var harness = new Harness(variant, threads);
            var result = new LatentSequences(harness, 50, 40, 32, DType.BF16, 16, 10).Run(1, 150, 119, [.. Enumerable.Range(0, 10)]);
            expected ??= result;
            Compare.SameBits(expected, result);
        }
    }

    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void ASelectionOfAllPositions_GivesWhatNoSelectionGives(string variant)
    {
        using var harness = new Harness(variant);
        Compare.SameBits(Run(0), Run(100));

        float[] Run(int selected) => new LatentSequences(harness, 4, 40, 32, DType.F32, 16, 7) { Selected = selected }.Run(2, 100, 100, [.. Enumerable.Range(0, 7)]);
    }

    [Fact]
    public void TheReference_GivesTheMeanOfTheSelectedValues_WhenAllScoresAreEqual()
    {
        using var harness = new Harness("reference");
        var ops = harness.Ops;
        var kv = new KvLayer(harness.Place(new byte[64]), DType.F32, 4, 1, 2, 32, 0, 0);
        var batch = new AttentionBatch(ops.Integers([0, 3]), ops.Integers([3]), ops.Integers([0]), ops.Integers([0, 1, 2]));
        var y = ops.LatentAttention(
            harness.Floats(new float[6], 3), harness.Floats([1, 0, 2, 0, 6, 0], 3), kv, batch, 1, 1, ops.Integers([0, -1, 0, 1, 0, 2], 3));
        Assert.Equal([1, 1.5f, 3.5f], harness.Read(y));
    }

    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void LatentAttention_ThrowsShapesAndNumbers_WhenTheyDoNotFit(string variant)
    {
        using var harness = new Harness(variant);
        var ops = harness.Ops;
        var kv = new KvLayer(harness.Place(new byte[1024]), DType.F32, 4, 1, 8, 128, 0, 0);
        var batch = new AttentionBatch(ops.Integers([0, 2]), ops.Integers([3]), ops.Integers([0]), ops.Integers([1, 2]));
        var q = harness.Floats(new float[32], 2);
        var latent = harness.Floats(new float[16], 2);

        Assert.Equal(
            "latent_attention: q [2, 16] F32 and 9 value columns do not fit a pool of 1 heads of 8 columns", Throw(() => ops.LatentAttention(q, latent, kv, batch, 9, 1)));
        Assert.Equal("latent_attention: latent [2, 16] F32 is not [2, 8]", Throw(() => ops.LatentAttention(q, q, kv, batch, 4, 1)));
        Assert.Equal(
            "latent_attention: selection [1, 4] I32 must be I32 with a row for each of q [2, 16] F32", Throw(() => ops.LatentAttention(q, latent, kv, batch, 4, 1, ops.Integers([0, 1, -1, -1]))));
        Assert.Equal("latent_attention: row 1 at position 2 selects position 3 after 0", Throw(() => ops.LatentAttention(q, latent, kv, batch, 4, 1, ops.Integers([0, -1, 0, 3], 2))));
        Assert.Equal("latent_attention: row 0 at position 1 selects position 1 after 1", Throw(() => ops.LatentAttention(q, latent, kv, batch, 4, 1, ops.Integers([1, 1, 0, 2], 2))));
        Assert.Equal("latent_attention: row 1 at position 2 selects no position", Throw(() => ops.LatentAttention(q, latent, kv, batch, 4, 1, ops.Integers([0, 1, -1, 2], 2))));
        Assert.Equal(
            "latent_attention: sequence 0 has 2 rows and a context of 1",
            Throw(() => ops.LatentAttention(q, latent, kv, batch with { ContextLengths = ops.Integers([1]) }, 4, 1)));

        static string Throw(Action act) => Assert.Throws<OpException>(act).Message;
    }
}

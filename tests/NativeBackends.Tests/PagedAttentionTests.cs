using XLLM.NativeBackends.Ops;

namespace XLLM.NativeBackends.Tests;

public sealed class PagedAttentionTests
{
    private static readonly HeadLayout SmallHeads = new(6, 2, 24);

    public static TheoryData<string, DType> VariantsAndPools =>
        [.. BackendVariants.Names.SelectMany(variant => new[] { DType.F32, DType.BF16, DType.I8 }.Select(dtype => (variant, dtype)))];

    [Theory]
    [MemberData(nameof(VariantsAndPools))]
    public void PagedAttention_EqualsTheReference_ForAllHeadShapes(string variant, DType dtype)
    {
        foreach (var heads in new HeadLayout[] { new(1, 1, 1), new(4, 2, 15), new(3, 3, 16), new(6, 2, 24), new(4, 2, 64), new(5, 1, 80), new(16, 8, 128), new(60, 1, 20) })
        {
            foreach (var (tokens, blockTokens) in new[] { (1, 16), (65, 16), (70, 3), (130, 64) })
            {
                using var reference = new Harness("reference");
                using var subject = new Harness(variant);
                Compare.Close(Run(reference), Run(subject), 3e-6);

                float[] Run(Harness harness)
                {
                    var blocks = (tokens + blockTokens - 1) / blockTokens;
                    return new PagedSequences(harness, heads, dtype, blockTokens, blocks).Run(1, tokens, tokens, [.. Enumerable.Range(0, blocks).Reverse()]);
                }
            }
        }
    }

    [Fact]
    public void TheReference_GivesTheMeanOfTheValues_WhenAllScoresAreEqual()
    {
        using var harness = new Harness("reference");
        var ops = harness.Ops;
        var kv = new KvLayer(harness.Place(new byte[64]), DType.F32, 4, 1, 1, 32, 0, 16);
        var batch = new AttentionBatch(ops.Integers([0, 3]), ops.Integers([3]), ops.Integers([0]), ops.Integers([0, 1, 2]));
        var y = ops.PagedAttention(
            harness.Floats([0, 0, 0], 3), harness.Floats([5, 6, 7], 3), harness.Floats([1, 2, 6], 3), kv, batch, new HeadLayout(1, 1, 1), 1);
        Assert.Equal([1, 1.5f, 3], harness.Read(y));
    }

    [Theory]
    [MemberData(nameof(VariantsAndPools))]
    public void PagedAttention_GivesARowTheSameBits_ForEveryChunking_AndBlockPlacement(string variant, DType dtype)
    {
        using var harness = new Harness(variant);
        var sequences = new PagedSequences(harness, SmallHeads, dtype, 16, 32);
        const int Tokens = 200;
        var expected = sequences.Run(7, Tokens, Tokens, [.. Enumerable.Range(0, 13)]);
        Assert.DoesNotContain(expected, float.IsNaN);

        foreach (var chunk in new[] { 1, 7, 64, 199 })
        {
            Compare.SameBits(expected, sequences.Run(7, Tokens, chunk, [.. Enumerable.Range(0, 13)]));
            Compare.SameBits(expected, sequences.Run(7, Tokens, chunk, [.. Enumerable.Range(0, 13).Select(b => (b * 11) % 31)]));
        }
    }

    [Theory]
    [MemberData(nameof(VariantsAndPools))]
    public void PagedAttention_GivesARowTheSameBits_ForEveryBlockSize(string variant, DType dtype)
    {
        float[]? expected = null;
        foreach (var blockTokens in new[] { 1, 5, 16, 64, 100 })
        {
            using var harness = new Harness(variant);
            var blocks = (150 / blockTokens) + 1;
            var result = new PagedSequences(harness, SmallHeads, dtype, blockTokens, blocks).Run(3, 150, 40, [.. Enumerable.Range(0, blocks)]);
            expected ??= result;
            Compare.SameBits(expected, result);
        }
    }

    [Theory]
    [MemberData(nameof(VariantsAndPools))]
    public void PagedAttention_GivesARowTheSameBits_InABatchOf16_AsAlone(string variant, DType dtype)
    {
        using var harness = new Harness(variant);
        StepSequences.AssertSameBitsInABatch(new PagedSequences(harness, SmallHeads, dtype, 16, 16 * 9), new PagedSequences(harness, SmallHeads, dtype, 16, 16 * 9));
    }

    [Theory]
    [MemberData(nameof(VariantsAndPools))]
    public void PagedAttention_GivesTheSameBits_WithAnyNumberOfThreads(string variant, DType dtype)
    {
        float[]? expected = null;
        foreach (var threads in new[] { 1, 2, 3 })
        {
            using var harness = new Harness(variant, threads);
            var result = new PagedSequences(harness, new HeadLayout(16, 8, 32), dtype, 16, 10).Run(1, 150, 120, [.. Enumerable.Range(0, 10)]);
            expected ??= result;
            Compare.SameBits(expected, result);
        }
    }

    [Theory]
    [MemberData(nameof(VariantsAndPools))]
    public void PagedAttention_KeepsALaterRowsNaN_FromEarlierRows(string variant, DType dtype)
    {
        // A NaN in the last row's value: the rows before it, in the same tile, do not see it.
        using var harness = new Harness(variant);
        var ops = harness.Ops;
        var kv = new KvLayer(harness.Place(new byte[16 * 2 * 2 * 4]), dtype, 16, 1, 2, 2 * 16 * KvLayer.VectorBytes(dtype, 2), 0, 16 * KvLayer.VectorBytes(dtype, 2));
        var values = Harness.Random(1, 24);
        values[^1] = values[^2] = float.NaN;
        var batch = new AttentionBatch(ops.Integers([0, 12]), ops.Integers([12]), ops.Integers([0]), ops.Integers([.. Enumerable.Range(0, 12)]));
        var y = harness.Read(ops.PagedAttention(
            harness.Floats(Harness.Random(2, 24), 12), harness.Floats(Harness.Random(3, 24), 12), harness.Floats(values, 12), kv, batch, new HeadLayout(1, 1, 2), 1));

        Assert.DoesNotContain(y[..22], float.IsNaN);
        Assert.All(y[22..], value => Assert.True(float.IsNaN(value)));
    }

    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void PagedAttention_RoundsValuesToTheNearestBFloat16_TiesToEven(string variant)
    {
        // One position has the whole share, so its value comes back as it was stored.
        using var harness = new Harness(variant);
        var ops = harness.Ops;
        const float Unit = 1f / 128;
        float[] values = [1 + (Unit / 2), 1 + (Unit * 3 / 2), 1 + (Unit * 0.51f), -1 - (Unit * 0.49f), float.MaxValue, float.NegativeInfinity, float.NaN, 1e-40f];
        float[] stored = [1, 1 + (2 * Unit), 1 + Unit, -1, float.PositiveInfinity, float.NegativeInfinity, float.NaN, BitConverter.UInt32BitsToSingle(0x00010000)];
        var kv = new KvLayer(harness.Place(new byte[64]), DType.BF16, 2, 1, 8, 64, 0, 32);
        var batch = new AttentionBatch(ops.Integers([0, 1]), ops.Integers([1]), ops.Integers([0]), ops.Integers([0]));
        var y = ops.PagedAttention(
            harness.Floats(new float[8], 1), harness.Floats(new float[8], 1), harness.Floats(values, 1), kv, batch, new HeadLayout(1, 1, 8), 1);
        Assert.Equal(stored, harness.Read(y));
    }

    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void PagedAttention_KeepsVectorsInI8_RoundedToTheNearestCode(string variant)
    {
        // One position has the whole share, so its value comes back as it was stored.
        float[] values = [127, 63.5f, 62.5f, 0.5f, 1.5f, -127, -0.49f, -2.5f, 100];
        Assert.Equal([127, 64, 62, 0, 2, -127, 0, -2, 100], Stored(values));
        Assert.Equal(values.Select(value => MathF.Round(value, MidpointRounding.ToEven) / 64), Stored([.. values.Select(value => value / 64)]));
        Assert.Equal(new float[9], Stored(new float[9]));
        Assert.All(Stored([1, 2, 3, 4, float.NaN, 6, 7, 8, 9]), value => Assert.True(float.IsNaN(value)));
        Assert.All(Stored([1, 2, 3, 4, float.NegativeInfinity, 6, 7, 8, 9]), value => Assert.True(float.IsNaN(value)));

        float[] Stored(float[] vector)
        {
            using var harness = new Harness(variant);
            var ops = harness.Ops;
            var bytes = KvLayer.VectorBytes(DType.I8, 9);
            Assert.Equal(13, bytes);
            var kv = new KvLayer(harness.Place(new byte[4 * bytes]), DType.I8, 2, 1, 9, 4 * bytes, 0, 2 * bytes);
            var batch = new AttentionBatch(ops.Integers([0, 1]), ops.Integers([1]), ops.Integers([0]), ops.Integers([0]));
            return harness.Read(ops.PagedAttention(
                harness.Floats(new float[9], 1), harness.Floats(new float[9], 1), harness.Floats(vector, 1), kv, batch, new HeadLayout(1, 1, 9), 1));
        }
    }

    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void PagedAttention_OfNoRows_DoesNothing(string variant)
    {
        using var harness = new Harness(variant);
        var ops = harness.Ops;
        var none = harness.Floats([], 0);
        var batch = new AttentionBatch(ops.Integers([0]), ops.Integers([]), new Tensor(0, DType.I32, 0, 0), ops.Integers([]));
        var kv = new KvLayer(harness.Place(new byte[64]), DType.F32, 4, 1, 2, 64, 0, 32);
        var y = ops.PagedAttention(none with { Columns = 2 }, none with { Columns = 2 }, none with { Columns = 2 }, kv, batch, new HeadLayout(1, 1, 2), 1);
        Assert.Equal((0, 2), (y.Rows, y.Columns));
    }

    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void PagedAttention_ThrowsBothNumbers_WhenTheBatchIsInconsistent(string variant)
    {
        using var harness = new Harness(variant);
        var ops = harness.Ops;
        var heads = new HeadLayout(2, 1, 4);
        var kv = new KvLayer(harness.Place(new byte[256]), DType.F32, 4, 1, 4, 128, 0, 64);
        var q = harness.Floats(new float[24], 3);
        var k = harness.Floats(new float[12], 3);

        Assert.Equal("paged_attention: the pool has 1 KV heads of 4 columns, the model 2 of 4", Throw([0, 3], [3], [0], [0, 1, 2], heads with { KvHeads = 2 }));
        Assert.Equal("paged_attention: 3 query heads of 4 columns are not a multiple of 2 KV heads", Throw([0, 3], [3], [0], [0, 1, 2], new HeadLayout(3, 2, 4)));
        Assert.Equal("paged_attention: q [3, 8] F32 does not have 16 columns", Throw([0, 3], [3], [0], [0, 1, 2], heads with { QueryHeads = 4 }));
        Assert.Equal("paged_attention: row starts go from 0 to 2, q has rows 0 to 3", Throw([0, 2], [3], [0], [0, 1, 2], heads));
        Assert.Equal("paged_attention: sequence 0 has 3 rows and a context of 2", Throw([0, 3], [2], [0], [0, 1, 2], heads));
        Assert.Equal(
            "paged_attention: sequence 0 has a context of 5, which needs 2 blocks; block tables [1, 1] I32 have fewer", Throw([0, 3], [5], [0], [2, 3, 4], heads));
        Assert.Equal("paged_attention: sequence 0 has block -1 at 0; blocks start at 0", Throw([0, 3], [3], [-1], [0, 1, 2], heads));
        Assert.Equal("paged_attention: row 1 has slot -5; slots start at 0", Throw([0, 3], [3], [0], [0, -5, 2], heads));
        Assert.Equal(
            "paged_attention: row starts [1, 2] I32 and slots [1, 2] I32 do not fit 1 sequences and q [3, 8] F32", Throw([0, 3], [3], [0], [0, 1], heads));

        string Throw(int[] starts, int[] contexts, int[] blocks, int[] slots, HeadLayout layout) => Assert.Throws<OpException>(() => ops.PagedAttention(
            q, k, k, kv, new AttentionBatch(ops.Integers(starts), ops.Integers(contexts), ops.Integers(blocks), ops.Integers(slots)), layout, 1)).Message;
    }
}

using XLLM.NativeBackends.Ops;

namespace XLLM.NativeBackends.Tests;

public sealed class SegmentAttentionTests
{
    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void SegmentAttention_EqualsTheReference_ForOddSizes(string variant)
    {
        using var reference = new Harness("reference");
        using var subject = new Harness(variant);
        foreach (var (heads, columns, starts) in new[]
        {
            (1, 1, new[] { 0, 1 }), (2, 16, [0, 5, 5, 12]), (3, 20, [0, 64, 65, 130]), (1, 72, [0, 200]), (4, 80, [0, 16, 32, 40, 49]), (2, 8, [0]), (2, 8, [0, 0]),
        })
        {
            Compare.Close(Run(reference), Run(subject), 2e-6);

            float[] Run(Harness harness)
            {
                // Query, key and value are columns of one matrix, as a joint projection gives them; what lies between is NaN.
                var rows = starts[^1];
                var joint = harness.Floats(Harness.Random(columns, rows * 3 * heads * columns), rows, gap: 3) with { Columns = 3 * heads * columns };
                Tensor Part(int i) => joint.ColumnSlice(i * heads * columns, heads * columns);
                return harness.Read(harness.Ops.SegmentAttention(Part(0), Part(1), Part(2), harness.Ops.Integers(starts), heads, 0.9f));
            }
        }
    }

    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void SegmentAttention_MixesEarlierAndLaterRows_OfItsOwnSegmentAlone(string variant)
    {
        using var harness = new Harness(variant);

        // All keys alike: every row is the mean of its segment's values.
        var (q, k, v) = (harness.Floats(new float[5], 5), harness.Floats([1, 1, 1, 1, 1], 5), harness.Floats([1, 2, 6, 10, 30], 5));
        Compare.Close([3, 3, 3, 20, 20], harness.Read(harness.Ops.SegmentAttention(q, k, v, harness.Ops.Integers([0, 3, 5]), 1, 1)), 1e-6);

        // One key that outweighs the others by far.
        Compare.Close([6, 6, 6, 10, 10], harness.Read(harness.Ops.SegmentAttention(
            harness.Floats([1, 1, 1, 1, 1], 5), harness.Floats([0, 0, 99, 99, 0], 5), v, harness.Ops.Integers([0, 3, 5]), 1, 1)), 1e-6);
    }

    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void SegmentAttention_GivesASegmentTheSameBits_WhateverTheOthersAre(string variant)
    {
        var values = Harness.Random(1, 170 * 3 * 40);
        using var harness = new Harness(variant);
        using var oneThread = new Harness(variant, threads: 1);
        var together = Run(harness, 0, 170, [0, 70, 71, 170]);
        Compare.SameBits(together.AsSpan(0, 70 * 40), Run(harness, 0, 70, [0, 70]));
        Compare.SameBits(together.AsSpan(70 * 40, 40), Run(harness, 70, 1, [0, 1]));
        Compare.SameBits(together.AsSpan(71 * 40), Run(harness, 71, 99, [0, 99]));
        Compare.SameBits(together, Run(oneThread, 0, 170, [0, 70, 71, 170]));

        float[] Run(Harness on, int first, int rows, int[] starts)
        {
            Tensor Part(int i) => on.Floats(values[((i * 170 * 40) + (first * 40))..((i * 170 * 40) + ((first + rows) * 40))], rows);
            return on.Read(on.Ops.SegmentAttention(Part(0), Part(1), Part(2), on.Ops.Integers(starts), 2, 0.3f));
        }
    }

    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void SegmentAttention_LetsNoNaNOutOfItsSegment(string variant)
    {
        using var harness = new Harness(variant);
        var values = Harness.Random(5, 8 * 4);
        values[^1] = float.NaN;
        var x = harness.Floats(values, 8);
        var y = harness.Read(harness.Ops.SegmentAttention(x, x, x, harness.Ops.Integers([0, 5, 8]), 1, 1));
        Assert.All(y[..20], value => Assert.True(float.IsFinite(value)));
        Assert.Contains(y[20..], float.IsNaN);
    }

    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void SegmentAttention_ThrowsTheNumbers_WhenTheyDoNotFit(string variant)
    {
        using var harness = new Harness(variant);
        Assert.Equal("segment_attention: k [2, 4] F32 does not fit q [3, 4] F32", Throw(2, [0, 3], 2));
        Assert.Equal("segment_attention: q [3, 4] F32 does not divide into 3 heads", Throw(3, [0, 3], 3));
        Assert.Equal("segment_attention: q [3, 4] F32 does not divide into 0 heads", Throw(3, [0, 3], 0));
        Assert.Equal("segment_attention: segments go from 0 to 2, q has rows 0 to 3", Throw(3, [0, 2], 2));
        Assert.Equal("segment_attention: segments go from 1 to 3, q has rows 0 to 3", Throw(3, [1, 3], 2));
        Assert.Equal("segment_attention: segment 1 goes from 2 to 1", Throw(3, [0, 2, 1, 3], 2));
        Assert.Equal("segment_attention: starts [1, 0] I32 must have at least 1", Throw(3, [], 2));

        string Throw(int keys, int[] starts, int heads)
        {
            var (q, k) = (harness.Floats(new float[12], 3), harness.Floats(new float[4 * keys], keys));
            return Assert.Throws<OpException>(() => harness.Ops.SegmentAttention(q, k, q, harness.Ops.Integers(starts), heads, 1)).Message;
        }
    }
}

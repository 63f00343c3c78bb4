using System.Runtime.InteropServices;
using XLLM.NativeBackends.Ops;

namespace XLLM.NativeBackends.Tests;

public sealed class SelectPositionsTests
{
    public static TheoryData<string, DType> VariantsAndPools => PagedAttentionTests.VariantsAndPools;

    [Theory]
    [MemberData(nameof(VariantsAndPools))]
    public void SelectPositions_EqualsTheReference(string variant, DType dtype)
    {
        foreach (var (heads, columns, most, tokens, blockTokens) in new[] { (1, 1, 1, 3, 16), (4, 16, 16, 150, 16), (3, 33, 5, 70, 3), (8, 20, 100, 90, 16), (2, 128, 64, 1100, 64) })
        {
            using var reference = new Harness("reference");
            using var subject = new Harness(variant);
            Assert.Equal(Run(reference), Run(subject));

            float[] Run(Harness harness)
            {
                var blocks = (tokens + blockTokens - 1) / blockTokens;
                return new IndexSequences(harness, heads, columns, most, dtype, blockTokens, blocks).Run(1, tokens, tokens, [.. Enumerable.Range(0, blocks).Reverse()]);
            }
        }
    }

    [Theory]
    [MemberData(nameof(VariantsAndPools))]
    public void SelectPositions_GivesARowTheSamePositions_ForEveryChunking_AndBlockPlacement(string variant, DType dtype)
    {
        using var harness = new Harness(variant);
        var sequences = new IndexSequences(harness, 4, 24, 20, dtype, 16, 32);
        var expected = sequences.Run(7, 150, 150, [.. Enumerable.Range(0, 10)]);
        foreach (var chunk in new[] { 1, 7, 64 })
        {
            Assert.Equal(expected, sequences.Run(7, 150, chunk, [.. Enumerable.Range(0, 10).Select(b => (b * 11) % 31)]));
        }
    }

    [Theory]
    [MemberData(nameof(VariantsAndPools))]
    public void SelectPositions_GivesARowTheSamePositions_InABatchOf16_AsAlone(string variant, DType dtype)
    {
        using var harness = new Harness(variant);
        StepSequences.AssertSameBitsInABatch(new IndexSequences(harness, 2, 16, 12, dtype, 16, 16 * 9), new IndexSequences(harness, 2, 16, 12, dtype, 16, 16 * 9));
    }

    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void SelectPositions_TakesTheBest_TheLowerPositionAmongEquals_InAscendingOrder(string variant)
    {
        // One head of one column with weight 1: the score of a position is its key, or 0 where that is negative.
        using var harness = new Harness(variant);
        Assert.Equal([0, 1, 4], Select([1, 3, -2, 0, 2]));
        Assert.Equal([1, 2, 4], Select([0, 5, 5, 0, 5]));
        Assert.Equal([0, 1, 2], Select([-1, -2, -3, -4, -5]));
        Assert.Equal([0, 1, 3], Select([0, -1, -7, 4, 0]));
        Assert.Equal([2, 3, 4], Select([1, 1, 1e-30f, 2e-30f, 1e-31f], weight: -1));

        int[] Select(float[] keys, float weight = 1)
        {
            var ops = harness.Ops;
            var kv = new KvLayer(harness.Place(new byte[64]), DType.F32, 8, 1, 1, 64, 0, 0);
            var rows = keys.Length;
            var batch = new AttentionBatch(ops.Integers([0, rows]), ops.Integers([rows]), ops.Integers([0]), ops.Integers([.. Enumerable.Range(0, rows)]));
            var ones = Enumerable.Repeat(1f, rows).ToArray();
            var weights = Enumerable.Repeat(weight, rows).ToArray();
            var y = ops.SelectPositions(harness.Floats(ones, rows), harness.Floats(keys, rows), harness.Floats(weights, rows), kv, batch, 3, 1);
            Assert.Equal([0, -1, -1], Integers(harness, y.RowSlice(0, 1)));
            Assert.Equal([0, 1, 2], Integers(harness, y.RowSlice(2, 1)));
            return Integers(harness, y.RowSlice(rows - 1, 1));
        }
    }

    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void SelectPositions_AgreesWithSorting_ForScoresOfEveryKind(string variant)
    {
        // Weights of both signs, keys that repeat, and a row for every length: the threshold falls above, on and below 0 and among equals.
        using var harness = new Harness(variant);
        var random = new Random(3);
        for (var round = 0; round < 20; round++)
        {
            var rows = random.Next(2, 90);
            var most = random.Next(1, rows);
            var weight = random.Next(2) == 0 ? 1f : -1f;
            var keys = Enumerable.Range(0, rows).Select(_ => random.Next(-4, 5) * (random.Next(2) == 0 ? 1f : 1000f)).ToArray();
            var ops = harness.Ops;
            ops.BeginStep();
            var kv = new KvLayer(harness.Place(new byte[96 * 4]), DType.F32, 96, 1, 1, 96 * 4, 0, 0);
            var batch = new AttentionBatch(ops.Integers([0, rows]), ops.Integers([rows]), ops.Integers([0]), ops.Integers([.. Enumerable.Range(0, rows)]));
            var y = ops.SelectPositions(
                harness.Floats([.. Enumerable.Repeat(1f, rows)], rows), harness.Floats(keys, rows), harness.Floats([.. Enumerable.Repeat(weight, rows)], rows), kv, batch, most, 1);
            for (var r = 0; r < rows; r++)
            {
                var expected = Enumerable.Range(0, r + 1).OrderByDescending(p => weight * Math.Max(0, keys[p])).ThenBy(p => p).Take(most).Order().ToArray();
                Assert.Equal([.. expected, .. Enumerable.Repeat(-1, most - expected.Length)], Integers(harness, y.RowSlice(r, 1)));
            }
        }
    }

    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void SelectPositions_ThrowsShapesAndNumbers_WhenTheyDoNotFit(string variant)
    {
        using var harness = new Harness(variant);
        var ops = harness.Ops;
        var kv = new KvLayer(harness.Place(new byte[256]), DType.F32, 4, 1, 8, 128, 0, 0);
        var batch = new AttentionBatch(ops.Integers([0, 2]), ops.Integers([3]), ops.Integers([0]), ops.Integers([1, 2]));
        var (q, keys, weights) = (harness.Floats(new float[32], 2), harness.Floats(new float[16], 2), harness.Floats(new float[4], 2));

        Assert.Equal(
            "select_positions: q [2, 8] F32 and weights [2, 2] F32 do not fit a pool of 1 heads of 8 columns", Throw(() => ops.SelectPositions(keys, keys, weights, kv, batch, 2, 1)));
        Assert.Equal("select_positions: keys [2, 16] F32 is not [2, 8]", Throw(() => ops.SelectPositions(q, q, weights, kv, batch, 2, 1)));
        Assert.Equal("select_positions: weights [1, 2] F32 is not [2, 2]", Throw(() => ops.SelectPositions(q, keys, weights.RowSlice(0, 1), kv, batch, 2, 1)));
        Assert.Equal("select_positions: 0 positions of a row; it must be at least 1", Throw(() => ops.SelectPositions(q, keys, weights, kv, batch, 0, 1)));
        Assert.Equal(
            "select_positions: row 1 has slot -5; slots start at 0", Throw(() => ops.SelectPositions(q, keys, weights, kv, batch with { Slots = ops.Integers([0, -5]) }, 2, 1)));

        static string Throw(Action act) => Assert.Throws<OpException>(act).Message;
    }

    /// <summary>Elements of a matrix of integers whose rows follow each other.</summary>
    internal static int[] Integers(Harness harness, Tensor matrix)
    {
        var values = new int[matrix.Rows * matrix.Columns];
        harness.Backend.Download(matrix.Data, MemoryMarshal.AsBytes(values.AsSpan()));
        return values;
    }
}

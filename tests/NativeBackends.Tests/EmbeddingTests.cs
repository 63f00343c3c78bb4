using XLLM.NativeBackends.Ops;

namespace XLLM.NativeBackends.Tests;

public sealed class EmbeddingTests
{
    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void Embedding_GivesTheTablesRows_InEveryFormatAndWidth(string variant)
    {
        using var harness = new Harness(variant);
        foreach (var format in Enum.GetValues<WeightFormat>().Where(each => each.IsDense()))
        {
            foreach (var columns in new[] { 1, 15, 16, 17, 100 })
            {
                var values = Harness.Random(columns, 7 * columns);
                var y = harness.Ops.Embedding(harness.Ops.Integers([6, 0, 3, 3]), harness.Weight(values, 7, format));

                var rounded = Harness.Rounded(values, format);
                int[] rows = [6, 0, 3, 3];
                Compare.SameBits(rows.SelectMany(row => rounded.Skip(row * columns).Take(columns)).ToArray(), harness.Read(y));
            }
        }
    }

    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void Embedding_KeepsEveryNumberOfBinary16(string variant)
    {
        // All 65,536 bit patterns: subnormals, infinities and NaNs come through.
        using var harness = new Harness(variant);
        var values = Enumerable.Range(0, 65536).Select(bits => (float)BitConverter.UInt16BitsToHalf((ushort)bits)).ToArray();
        var y = harness.Read(harness.Ops.Embedding(harness.Ops.Integers([0]), harness.Weight(values, 1, WeightFormat.F16)));
        Assert.Equal(values, y);
    }

    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void Embedding_OfNoIds_HasNoRows(string variant)
    {
        using var harness = new Harness(variant);
        Assert.Equal(0, harness.Ops.Embedding(harness.Ops.Integers([]), harness.Weight([1, 2], 1)).Rows);
    }

    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void Embedding_ThrowsIdAndLimit_WhenAnIdIsNoRow(string variant)
    {
        using var harness = new Harness(variant);
        var table = harness.Weight(new float[12], 4);
        Assert.StartsWith("embedding: id 4 at 1 is not in [0, 4), the rows of", Throw([0, 4]), StringComparison.Ordinal);
        Assert.StartsWith("embedding: id -1 at 0 is not in [0, 4), the rows of", Throw([-1]), StringComparison.Ordinal);

        string Throw(int[] ids) => Assert.Throws<OpException>(() => harness.Ops.Embedding(harness.Ops.Integers(ids), table)).Message;
    }
}

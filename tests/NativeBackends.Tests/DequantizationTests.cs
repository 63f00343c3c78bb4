using XLLM.NativeBackends.Ops;

namespace XLLM.NativeBackends.Tests;

/// <summary>What codes stand for: written out by hand for each format, and the same bits on every backend. Looked at through Embedding, which gives rows as F32.</summary>
public sealed class DequantizationTests
{
    public static TheoryData<string, string> VariantsAndKinds => WeightKind.WithVariants;

    [Theory]
    [MemberData(nameof(VariantsAndKinds))]
    public void EveryBackend_GivesTheBitsOfTheReference(string variant, string kindName)
    {
        var kind = WeightKind.Find(kindName);
        using var reference = new Harness("reference");
        using var subject = new Harness(variant);
        foreach (var wanted in new[] { 1, 16, 17, 31, 32, 33, 63, 100, 256, 300, 1025 })
        {
            var columns = kind.Fitting(wanted);
            Compare.SameBits(Run(reference), Run(subject));

            float[] Run(Harness harness) => harness.Read(harness.Ops.Embedding(harness.Ops.Integers([4, 0, 6, 5, 1, 2, 3]), harness.Weight(kind, wanted, 7, columns)));
        }
    }

    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void F8E4M3_HasTheNumbersOfItsSpecification(string variant)
    {
        // 2^-9 is the smallest, 2^-6 the smallest that is normal, 448 the largest; all ones is NaN.
        var expected = new Dictionary<int, float>
        {
            [0x00] = 0, [0x01] = 1f / 512, [0x07] = 7f / 512, [0x08] = 1f / 64, [0x38] = 1, [0x39] = 1.125f, [0x40] = 2, [0x7E] = 448, [0xB8] = -1, [0xFE] = -448, [0x81] = -1f / 512,
        };
        var row = Row(variant, new HostWeight("w", WeightFormat.F8E4M3, 1, 256, Bytes([.. Enumerable.Range(0, 256).Select(code => (byte)code)])) { Scales = Floats([1, 1], 1) });

        Assert.All(expected, pair => Assert.Equal(pair.Value, row[pair.Key]));
        Assert.Equal(BitConverter.SingleToUInt32Bits(-0f), BitConverter.SingleToUInt32Bits(row[0x80]));
        Assert.Equal([0x7F, 0xFF], Enumerable.Range(0, 256).Where(code => float.IsNaN(row[code])));
        for (var code = 1; code < 0x7E; code++)
        {
            Assert.True(row[code + 1] > row[code], $"code {code + 1} stands for {row[code + 1]}, not more than {row[code]}");
        }
    }

    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void F8E4M3_TakesTheScaleOfItsBlock_AlsoWhereBlocksAreCutOff(string variant)
    {
        using var harness = new Harness(variant);
        var ones = Enumerable.Repeat((byte)0x38, 5 * 80).ToArray();
        var weight = harness.Backend.ImportWeight(new HostWeight("w", WeightFormat.F8E4M3, 5, 80, Bytes(ones))
        {
            Scales = Floats([3, 2], 1, 2, 3, 4, 5, 6),
            RowBlock = 2,
            ColumnBlock = 64,
        });

        var rows = harness.Read(harness.Ops.Embedding(harness.Ops.Integers([0, 1, 2, 4]), weight));

        Assert.Equal([1, 2, 1, 2, 3, 4, 5, 6], new[] { (0, 0), (0, 64), (1, 63), (1, 79), (2, 0), (2, 64), (3, 63), (3, 64) }.Select(at => rows[(at.Item1 * 80) + at.Item2]));
    }

    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void I8_IsCodeLessZero_TimesScale(string variant)
    {
        var codes = new byte[64];
        (codes[0], codes[1], codes[32], codes[33]) = (127, 0x80, 10, 0xFF);
        var source = new HostWeight("w", WeightFormat.I8, 1, 64, Bytes(codes)) { Scales = Floats([1, 2], 0.5f, 2), ColumnBlock = 32 };

        var symmetric = Row(variant, source);
        var asymmetric = Row(variant, source with { Zeros = WeightKind.Pinned(DType.I8, [1, 2], [(byte)100, (byte)0xFE]) });

        Assert.Equal([63.5f, -64, 20, -2], [symmetric[0], symmetric[1], symmetric[32], symmetric[33]]);
        Assert.Equal([13.5f, -114, 24, 2], [asymmetric[0], asymmetric[1], asymmetric[32], asymmetric[33]]);
    }

    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void I4_KeepsColumnsIAndIPlus16InOneByte(string variant)
    {
        var codes = new byte[32];
        (codes[0], codes[15], codes[16]) = (0xF1, 0x2E, 0x0A);
        var source = new HostWeight("w", WeightFormat.I4, 1, 40, Bytes(codes)) { Scales = Floats([1, 2], 1, 0.5f), ColumnBlock = 32 };

        var symmetric = Row(variant, source);
        var asymmetric = Row(variant, source with { Zeros = WeightKind.Pinned(DType.U8, [1, 2], [(byte)0, (byte)15]) });

        Assert.Equal([1 - 8, 15 - 8, 14 - 8, 2 - 8, -8, (10 - 8) * 0.5f], [symmetric[0], symmetric[16], symmetric[15], symmetric[31], symmetric[1], symmetric[32]]);
        Assert.Equal([1, 15, 14, 2, 0, (10 - 15) * 0.5f], [asymmetric[0], asymmetric[16], asymmetric[15], asymmetric[31], asymmetric[1], asymmetric[32]]);
    }

    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void Order_SaysWhichInputAStoredColumnIs(string variant)
    {
        var source = new HostWeight("w", WeightFormat.I8, 1, 4, Bytes([10, 20, 30, 40])) { Scales = Floats([1, 1], 1), Order = WeightKind.Pinned(DType.I32, [4], [2, 0, 3, 1]) };

        Assert.Equal([20, 40, 10, 30], Row(variant, source));
    }

    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void GgufBlocks_AreWhatTheirDefinitionsSay(string variant)
    {
        var q4 = Block(18, (0, Half(0.5f)), (2, [0xF1]), (17, [0x2E]));
        var q8 = Block(34, (0, Half(0.25f)), (2, [0x80]), (33, [3]));

        // Run 0 has scale 5 and minimum 7 from the low six bits; run 5 has scale 3 + 16 * 2 and minimum 4 + 16 * 1 from bytes 4 + 5, 1 and 5 of the twelve.
        var k4 = Block(144, (0, Half(2)), (2, Half(0.5f)), (4, [5, 0x80 | 1, 0, 0]), (8, [7, 0x40 | 2, 0, 0]), (12, [0, 0x43, 0, 0]), (16, [0x03]), (16 + 64, [0xA9]));
        var k5 = Block(176, (0, Half(2)), (2, Half(0.5f)), (4, [5, 0x80 | 1, 0, 0]), (8, [7, 0x40 | 2, 0, 0]), (12, [0, 0x43, 0, 0]), (16, [0b0010_0001]), (48, [0x03]), (48 + 64, [0xA9]));

        // Column 0: low half of byte 0, bits 0 and 1 of high byte 0; column 96: high half of byte 32, bits 6 and 7; column 128 + 35: low half of byte 64 + 35, bits 2 and 3 of high byte 35.
        var k6 = Block(210, (0, [0x0C]), (32, [0xD0]), (64 + 35, [0x05]), (128, [0b1100_0010]), (128 + 35, [0b0000_0100]), (192, [2]), (192 + 6, [0xFD]), (192 + 10, [4]), (208, Half(0.5f)));

        AssertColumns(WeightFormat.Q4_0, q4, (0, 0.5f * (1 - 8)), (16, 0.5f * (15 - 8)), (15, 0.5f * (14 - 8)), (31, 0.5f * (2 - 8)), (1, -4));
        AssertColumns(WeightFormat.Q8_0, q8, (0, -32), (31, 0.75f), (1, 0));
        AssertColumns(WeightFormat.Q4_K, k4, (0, (2 * 5 * 3) - 3.5f), (1, -3.5f), (160, (2 * 35 * 10) - 10), (161, -10), (128, 9 * 0));
        AssertColumns(WeightFormat.Q5_K, k5, (0, (2 * 5 * 19) - 3.5f), (1, -3.5f), (160, (2 * 35 * 26) - 10), (161, -10));
        AssertColumns(WeightFormat.Q6_K, k6, (0, 0.5f * 2 * (12 + 32 - 32)), (96, 0.5f * -3 * (13 + 48 - 32)), (128 + 35, 0.5f * 4 * (5 + 16 - 32)), (1, 0.5f * 2 * -32));

        void AssertColumns(WeightFormat format, byte[] block, params (int Column, float Value)[] expected)
        {
            // Twice, so that the second block's place is tested too; an odd block of zeros between them would be of no format.
            var row = Row(variant, new HostWeight("w", format, 1, 2 * format.UnitColumns(), Bytes([.. block, .. block])));
            Assert.All(expected, each => Assert.Equal(each.Value, row[each.Column]));
            Assert.Equal(row[..format.UnitColumns()], row[format.UnitColumns()..]);
        }
    }

    [Fact]
    public void ImportWeight_NamesTheNumbers_WhenPartsDoNotFit()
    {
        using var harness = new Harness("reference");
        var good = new HostWeight("w", WeightFormat.I4, 2, 64, Bytes(new byte[64])) { Scales = Floats([2, 2], 1, 1, 1, 1), ColumnBlock = 32 };
        harness.Backend.ImportWeight(good);

        AssertFault("has 64 bytes of codes; [3, 64] I4 takes 96", good with { Rows = 3 });
        AssertFault("has scales none; blocks of [1, 32] need F32 [2, 2]", good with { Scales = null });
        AssertFault("has scales F32 [2, 2]; blocks of [1, 64] need F32 [2, 1]", good with { ColumnBlock = 64 });
        AssertFault("has a scale for every [1, 24]; columns must be a multiple of 32 or the whole row", good with { ColumnBlock = 24 });
        AssertFault("has zeros I8 [2, 2]; I4 needs U8 [2, 2]", good with { Zeros = WeightKind.Pinned(DType.I8, [2, 2], new byte[4]) });
        AssertFault("has input 0 at 1 of its column order; each of 0 to 63 must stand there once", good with { Order = WeightKind.Pinned(DType.I32, [64], new int[64]) });
        AssertFault("has a column order I32 [63]", good with { Order = WeightKind.Pinned(DType.I32, [63], new int[63]) });
        AssertFault("has 33 columns; Q8_0 stores 32 at a time", new HostWeight("w", WeightFormat.Q8_0, 1, 33, Bytes(new byte[68])));
        AssertFault("which Q8_0 keeps inside its blocks", new HostWeight("w", WeightFormat.Q8_0, 1, 32, Bytes(new byte[34])) { Scales = Floats([1, 1], 1) });
        AssertFault("F8E4M3 knows none", new HostWeight("w", WeightFormat.F8E4M3, 1, 1, Bytes([1])) { Scales = Floats([1, 1], 1), Zeros = WeightKind.Pinned(DType.I8, [1, 1], new byte[1]) });

        void AssertFault(string expected, HostWeight weight) =>
            Assert.Contains(expected, Assert.Throws<OpException>(() => harness.Backend.ImportWeight(weight)).Message, StringComparison.Ordinal);
    }

    private static float[] Row(string variant, HostWeight weight)
    {
        using var harness = new Harness(variant);
        return harness.Read(harness.Ops.Embedding(harness.Ops.Integers([0]), harness.Backend.ImportWeight(weight)));
    }

    private static byte[] Block(int bytes, params (int At, byte[] Values)[] parts)
    {
        var block = new byte[bytes];
        foreach (var (at, values) in parts)
        {
            values.CopyTo(block, at);
        }

        return block;
    }

    private static byte[] Half(float value) => BitConverter.GetBytes((Half)value);

    private static HostTensor Bytes(byte[] values) => WeightKind.Pinned(DType.U8, [values.Length], values);

    private static HostTensor Floats(int[] shape, params float[] values) => WeightKind.Pinned(DType.F32, shape, values);
}

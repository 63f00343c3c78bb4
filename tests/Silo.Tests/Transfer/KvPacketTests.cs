using System.Runtime.InteropServices;
using XLLM.Grains.Interfaces.Routing;
using XLLM.Silo.KvCache;
using XLLM.Silo.Transfer;
using XLLM.Silo.Transfer.Forms;

namespace XLLM.Silo.Tests.Transfer;

public sealed class KvPacketTests
{
    private static readonly LayoutFingerprint Layout = LayoutFingerprint.Of("model", "F32");
    private static readonly KvBlockName Name = new(PrefixHash.Root("m", null), 3);

    public static TheoryData<int> ElementBytes => [1, 2, 4];

    [Fact]
    public void APacket_SaysWhatItIs()
    {
        var packet = Sealed(out var raw);

        Assert.True(KvPacket.TryOpen(packet, Layout, out var header));
        Assert.Equal(new KvPacketHeader(KvForm.Exact, Name, raw.Length, raw.Length), header);
        Assert.Equal(packet.Length, KvPacket.Length(packet, raw.Length));
        Assert.Equal(0, KvPacket.Length(packet, raw.Length - 1));
    }

    [Fact]
    public void AnyChangedBit_IsNoticed()
    {
        var packet = Sealed(out _);
        for (var bit = 0; bit < packet.Length * 8; bit++)
        {
            packet[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.False(KvPacket.TryOpen(packet, Layout, out _), $"bit {bit} was changed");
            packet[bit / 8] ^= (byte)(1 << (bit % 8));
        }

        Assert.True(KvPacket.TryOpen(packet, Layout, out _));
    }

    [Fact]
    public void AnyCut_AndAnyOtherLayout_IsNoticed()
    {
        var packet = Sealed(out _);
        for (var length = 0; length < packet.Length; length++)
        {
            Assert.False(KvPacket.TryOpen(packet.AsSpan(0, length), Layout, out _));
        }

        Assert.False(KvPacket.TryOpen(packet, LayoutFingerprint.Of("model", "BF16"), out _));
        Assert.False(KvPacket.TryOpen(packet, LayoutFingerprint.Of("modelF32"), out _));
    }

    [Theory]
    [MemberData(nameof(ElementBytes))]
    public void Zstd_GivesBackEveryBit_OfAnyBytes(int elementBytes)
    {
        using var form = new ZstdForm(elementBytes);
        var random = new Random(elementBytes);
        for (var round = 0; round < 30; round++)
        {
            var raw = new byte[64 * random.Next(1, 40)];
            if (round % 3 > 0)
            {
                random.NextBytes(raw.AsSpan(0, raw.Length / (round % 3)));
            }

            var (encoded, decoded) = (new byte[form.Bound(raw.Length)], new byte[raw.Length]);
            var length = form.Encode(raw, encoded);
            Assert.InRange(length, 1, encoded.Length);
            Assert.True(form.TryDecode(encoded.AsSpan(0, length), decoded));
            Assert.Equal(raw, decoded);
            Assert.False(form.TryDecode(encoded.AsSpan(0, length), new byte[raw.Length + 64]));
            Assert.False(form.TryDecode(encoded.AsSpan(0, length / 2), decoded));
        }
    }

    [Fact]
    public void Zstd_MakesKeysSmaller()
    {
        using var form = new ZstdForm(sizeof(float));
        var random = new Random(1);
        float[] values = [.. Enumerable.Range(0, 32_768).Select(_ => (float)(random.NextDouble() - random.NextDouble()))];
        var raw = MemoryMarshal.AsBytes(values.AsSpan());

        Assert.InRange(form.Encode(raw, new byte[form.Bound(raw.Length)]), 1, raw.Length * 88 / 100);
    }

    /// <summary>What was stored before places had frames of their own.</summary>
    [Fact]
    public void Zstd_ReadsABlock_InASingleFrame()
    {
        using var form = new ZstdForm(sizeof(float));
        using var compressor = new ZstdSharp.Compressor(1);
        var (raw, planes, decoded) = (new byte[4096], new byte[4096], new byte[4096]);
        new Random(3).NextBytes(raw);
        BytePlanes.Split(raw, sizeof(float), planes);

        Assert.True(form.TryDecode(compressor.Wrap(planes), decoded));
        Assert.Equal(raw, decoded);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public void BytePlanes_PutsEachPlaceTogether_AndBack(int elementBytes)
    {
        var random = new Random(4);
        for (var elements = 0; elements < 100; elements++)
        {
            var (raw, planes, back) = (new byte[elements * elementBytes], new byte[elements * elementBytes], new byte[elements * elementBytes]);
            random.NextBytes(raw);
            BytePlanes.Split(raw, elementBytes, planes);
            BytePlanes.Join(planes, elementBytes, back);

            Assert.Equal(Enumerable.Range(0, elementBytes).SelectMany(place => Enumerable.Range(0, elements).Select(i => raw[(i * elementBytes) + place])), planes);
            Assert.Equal(raw, back);
        }
    }

    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    public void Int8_ErrsByHalfAScale_AtMost(int elementBytes)
    {
        var form = new Int8Form(elementBytes);
        var random = new Random(5);
        var values = Enumerable.Range(0, 64 * 9 + 16).Select(i => (float)((random.NextDouble() - 0.5) * Math.Pow(10, i / 64))).ToArray();
        var raw = elementBytes == 4
            ? MemoryMarshal.AsBytes(values.AsSpan()).ToArray()
            : MemoryMarshal.AsBytes(values.Select(value => (short)(BitConverter.SingleToInt32Bits(value) >> 16)).ToArray().AsSpan()).ToArray();
        var (encoded, decoded) = (new byte[form.Bound(raw.Length)], new byte[raw.Length]);

        Assert.Equal(encoded.Length, form.Encode(raw, encoded));
        Assert.True(form.TryDecode(encoded, decoded));
        for (var first = 0; first < values.Length; first += 64)
        {
            var (before, after) = (Values(raw, first), Values(decoded, first));
            var scale = before.Max(Math.Abs) / 127;
            var rounding = elementBytes == 2 ? before.Max(Math.Abs) / 256 : scale * 1e-4f;     // BF16 has 8 significant bits
            for (var i = 0; i < before.Length; i++)
            {
                Assert.InRange(Math.Abs(before[i] - after[i]), 0, (scale / 2) + rounding);
            }
        }

        float[] Values(byte[] bytes, int first) => [.. Enumerable.Range(first, Math.Min(64, values.Length - first)).Select(i => elementBytes == 4
            ? BitConverter.ToSingle(bytes, i * 4)
            : BitConverter.Int32BitsToSingle(BitConverter.ToInt16(bytes, i * 2) << 16))];
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void Int8_RefusesABlock_WithoutNumbers(float odd)
    {
        float[] values = [.. Enumerable.Repeat(1f, 63), odd];
        var raw = MemoryMarshal.AsBytes(values.AsSpan());
        var form = new Int8Form(sizeof(float));

        Assert.Equal(-1, form.Encode(raw, new byte[form.Bound(raw.Length)]));
    }

    [Fact]
    public void ElementsOfOneByte_CannotBeRoundedFurther() =>
        Assert.Contains("1-byte", Assert.Throws<ArgumentException>(() => new KvForms(1)[KvForm.Int8]).Message, StringComparison.Ordinal);

    private static byte[] Sealed(out byte[] raw)
    {
        raw = new byte[192];
        new Random(1).NextBytes(raw);
        var packet = new byte[KvPacket.HeaderBytes + raw.Length];
        raw.CopyTo(packet, KvPacket.HeaderBytes);
        KvPacket.Seal(packet, new KvPacketHeader(KvForm.Exact, Name, raw.Length, raw.Length), Layout);
        return packet;
    }
}

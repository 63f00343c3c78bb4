using XLLM.Silo.Weights;
using XLLM.Silo.Weights.Gguf;

namespace XLLM.Silo.Tests.Weights.Gguf;

public sealed class GgufHeaderTests
{
    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public void Parse_FindsKeysAndTensors(int version)
    {
        var header = Parse(new GgufBuilder { Version = (uint)version }
            .Text("a.text", "zwölf").Integer("a.number", 7).Number("a.float", 0.5f).Flag("a.flag", true).Texts("a.texts", "x", "", "y z").Integers("a.list", 3, -4)
            .Add("a.long", 10, BitConverter.GetBytes(1UL << 40)).Add("a.byte", 1, [0xFE]).Add("a.nested", 9, [.. BitConverter.GetBytes(9u), .. BitConverter.GetBytes(0UL)])
            .Tensor("one", [2, 3], 1, 2, 3, 4, 5, 6).Tensor("two", 8, [2, 32], new byte[68]));

        Assert.Equal("zwölf", header.Metadata.Text("a.text"));
        Assert.Equal(7, header.Metadata.Integer("a.number"));
        Assert.Equal(0.5, header.Metadata.Number("a.float"));
        Assert.True(header.Metadata.Flag("a.flag"));
        Assert.Equal(["x", "", "y z"], header.Metadata.Texts("a.texts"));
        Assert.Equal([3L, -4L], header.Metadata.Integers("a.list"));
        Assert.Equal(1L << 40, header.Metadata.Number("a.long"));
        Assert.Equal(-2, header.Metadata.Number("a.byte"));
        Assert.Null(header.Metadata.Text("a.missing"));
        Assert.Equal([("one", "F32", 0L, 24L), ("two", "Q8_0", 32L, 68L)], header.Tensors.Select(tensor => (tensor.Name, tensor.Type.Name, tensor.Offset, tensor.Bytes)));
        Assert.Equal([2, 3], header.Tensors[0].Shape);
    }

    [Fact]
    public void Parse_NamesTheFault_OfEveryBrokenRule()
    {
        AssertFault("does not begin with \"GGUF\"", "GGMF0000"u8.ToArray());
        AssertFault("ends at byte 6 inside the version", "GGUF\u0003\0"u8.ToArray());
        AssertFault("has version 1 of the format; 2 and 3 are read", new GgufBuilder { Version = 1 });
        AssertFault("which a big-endian file would have", new GgufBuilder { Version = 3u << 24 });
        AssertFault("the number of tensors is 18446744073709551615, but the 8 bytes that follow have room for 0", [.. "GGUF"u8, 3, 0, 0, 0, .. Enumerable.Repeat((byte)255, 8), .. new byte[8]]);
        AssertFault("the number of keys is 1000000, but", [.. "GGUF"u8, 3, 0, 0, 0, .. new byte[8], .. BitConverter.GetBytes(1000000UL), .. new byte[40]]);
        AssertFault("the length of key 0 is 4294967296, but", [.. "GGUF"u8, 3, 0, 0, 0, .. new byte[8], .. BitConverter.GetBytes(1UL), .. BitConverter.GetBytes(1UL << 32), .. new byte[20]]);
        AssertFault("key \"k\" stands twice", new GgufBuilder().Integer("k", 1).Integer("k", 2));
        AssertFault("key \"k\" has value type 13, which is unknown", new GgufBuilder().Add("k", 13, new byte[8]));
        AssertFault("key \"k\" is a truth value of 2", new GgufBuilder().Add("k", 7, [2]));
        AssertFault("key \"k\" is 18446744073709551615; numbers up to", new GgufBuilder().Add("k", 10, [.. Enumerable.Repeat((byte)255, 8)]));
        AssertFault("the length of array \"k\" is 99999, but", new GgufBuilder().Add("k", 9, [.. BitConverter.GetBytes(4u), .. BitConverter.GetBytes(99999UL)]));
        AssertFault("arrays in arrays more than 4 deep", new GgufBuilder().Add("k", 9, [.. Enumerable.Repeat((byte[])[.. BitConverter.GetBytes(9u), .. BitConverter.GetBytes(1UL)], 9).SelectMany(level => level)]));
        AssertFault("at byte 54 is not valid UTF-8", new GgufBuilder().Add("a.long.key", 8, [.. BitConverter.GetBytes(2UL), 0xC3, 0x28]).Integer("after", 1));
        AssertFault("\"general.alignment\" is 48; expected a power of two", new GgufBuilder().Integer("general.alignment", 48));
        AssertFault("\"general.alignment\" is x; expected a whole number", new GgufBuilder().Text("general.alignment", "x"));
        AssertFault("tensor \"t\" stands twice", new GgufBuilder().Tensor("t", [1], 1).Tensor("t", [1], 1));
        AssertFault("tensor \"t\" has 5 dimensions; expected 1 to 4", new GgufBuilder().Tensor("t", [1, 1, 1, 1, 1], 1));
        AssertFault("tensor \"t\" has 0 dimensions", new GgufBuilder().Tensor("t", [], 1));
        AssertFault("tensor \"t\" has dimension 1 of 0", new GgufBuilder().Tensor("t", [0, 4]));
        AssertFault("tensor \"t\" has dimension 0 of 18446744073709551615", new GgufBuilder().Tensor("t", [-1], 1));
        AssertFault("tensor \"t\" has type 99, which is unknown; supported: F32, F16, Q4_0, Q8_0", new GgufBuilder().Tensor("t", 99, [1], new byte[4]));
        AssertFault("tensor \"t\" has 33 columns; Q8_0 stores 32 at a time", new GgufBuilder().Tensor("t", 8, [33], new byte[68]));
        AssertFault("has more bytes than fit 63 bits", new GgufBuilder().Tensor("t", 0, [int.MaxValue, int.MaxValue, int.MaxValue], new byte[4]));
        AssertFault("tensor \"t\" begins at byte 4 of the data, which is not a multiple of the alignment 32", new GgufBuilder().Tensor("t", 0, [1], new byte[4], offset: 4));
        AssertFault("tensor \"u\" begins at byte 32, inside tensor \"t\" that ends at 64", new GgufBuilder().Tensor("t", [16], new float[16]).Tensor("u", 0, [1], new byte[4], offset: 32));
        AssertFault("tensor \"t\" of 4 bytes begins at byte 9223372036854775776 of the data, but the file has only 32", new GgufBuilder().Tensor("t", 0, [1], new byte[4], offset: long.MaxValue - 31));
        AssertFault("is it cut off?", new GgufBuilder().Tensor("t", [100], new float[100]).Build()[..^200]);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Parse_AcceptsOrRefusesCleanly_WhateverBytesAreDamaged(int seed)
    {
        var random = new Random(seed);
        var whole = new GgufBuilder()
            .Text("general.architecture", "llama").Integer("general.alignment", 32).Texts("tokens", "a", "b", "c").Integers("types", 1, 1, 3).Number("eps", 1e-6f).Flag("bos", true)
            .Tensor("token_embd.weight", [4, 32], new float[128]).Tensor("blk.0.attn_q.weight", 8, [2, 64], new byte[136]).Tensor("output_norm.weight", [32], new float[32])
            .Build();
        var headerBytes = whole.Length - 512 - 160 - 128;
        var (accepted, refused) = (0, 0);
        for (var round = 0; round < 4000; round++)
        {
            var damaged = whole.ToList();
            for (var i = random.Next(1, 4); i > 0; i--)
            {
                var at = random.Next(headerBytes);
                switch (random.Next(5))
                {
                    case 0: damaged[at] = (byte)random.Next(256); break;
                    case 1: damaged[at] ^= (byte)(1 << random.Next(8)); break;
                    case 2: damaged.Insert(at, (byte)random.Next(256)); break;
                    case 3: damaged.RemoveAt(at); break;
                    default: damaged.RemoveRange(random.Next(damaged.Count / 2, damaged.Count), 1); break;
                }
            }

            try
            {
                var header = GgufHeader.Parse("file", damaged.ToArray(), damaged.Count);
                Assert.All(header.Tensors, tensor => Assert.InRange(header.DataStart + tensor.Offset + tensor.Bytes, 0, damaged.Count));
                accepted++;
            }
            catch (CheckpointException exception)
            {
                Assert.NotEmpty(exception.Message);
                refused++;
            }
        }

        Assert.True(accepted > 100 && refused > 1000, $"{accepted} accepted, {refused} refused: the mutations do not try both");
    }

    [Fact]
    public void Parse_RefusesAFile_CutAnywhereBeforeItsData()
    {
        var whole = new GgufBuilder().Text("general.architecture", "llama").Texts("tokens", "a", "b").Tensor("t", [3], 1, 2, 3).Build();
        for (var length = 0; length < whole.Length - 32 + 12; length++)
        {
            Assert.Throws<CheckpointException>(() => GgufHeader.Parse("file", whole.AsSpan(0, length), length));
        }
    }

    private static GgufHeader Parse(GgufBuilder builder)
    {
        var bytes = builder.Build();
        return GgufHeader.Parse("file", bytes, bytes.Length);
    }

    private static void AssertFault(string expected, GgufBuilder builder) => AssertFault(expected, builder.Build());

    private static void AssertFault(string expected, byte[] bytes) =>
        Assert.Contains(expected, Assert.Throws<CheckpointException>(() => GgufHeader.Parse("file", bytes, bytes.Length)).Message, StringComparison.Ordinal);
}

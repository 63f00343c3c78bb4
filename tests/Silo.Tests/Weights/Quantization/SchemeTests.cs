using System.Buffers.Binary;
using System.Text;
using XLLM.NativeBackends.Ops;
using XLLM.NativeBackends.Reference;
using XLLM.Silo.Weights;
using XLLM.Silo.Weights.Quantization;

namespace XLLM.Silo.Tests.Weights.Quantization;

/// <summary>Each scheme's tensors, packed here one code at a time, come back as exactly the numbers that they stand for.</summary>
public sealed class SchemeTests : IDisposable
{
    private const int Rows = 24;
    private const int Columns = 96;
    private const int Group = 32;
    private const int Groups = Columns / Group;

    private readonly TemporaryFolder _folder = new();
    private readonly ReferenceBackend _backend = new();
    private readonly Random _random = new(7);

    public void Dispose()
    {
        _backend.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData(128, 128, 130, 200)]        // blocks cut off on both sides
    [InlineData(128, 128, 24, 96)]          // smaller than a block
    [InlineData(8, 32, 24, 96)]
    public void Fp8_HasAScaleForEveryBlock(int rowBlock, int columnBlock, int rows, int columns)
    {
        var codes = Fp8Codes(rows * columns);
        var blocksOfRow = (columns + columnBlock - 1) / columnBlock;
        var scales = Scales((rows + rowBlock - 1) / rowBlock * blocksOfRow);
        var builder = new SafetensorsBuilder().Add("a.weight", "F8_E4M3", [rows, columns], codes).Add("a.weight_scale_inv", [scales.Length / blocksOfRow, blocksOfRow], scales);

        var actual = Load($$"""{"quant_method":"fp8","fmt":"e4m3","weight_block_size":[{{rowBlock}},{{columnBlock}}]}""", builder, rows, columns);

        Assert.Equal(Expected(rows, columns, (r, c) => Float8.E4M3[codes[(r * columns) + c]] * scales[(r / rowBlock * blocksOfRow) + (c / columnBlock)]), actual);
    }

    [Theory]
    [InlineData(new[] { 1 })]
    [InlineData(new int[0])]
    public void Fp8_WithoutBlocks_HasOneScale(int[] scaleShape)
    {
        var codes = Fp8Codes(Rows * Columns);
        var builder = new SafetensorsBuilder().Add("a.weight", "F8_E4M3", [Rows, Columns], codes).Add("a.weight_scale", scaleShape, 0.03f);

        Assert.Equal(Expected((r, c) => Float8.E4M3[codes[(r * Columns) + c]] * 0.03f), Load("""{"quant_method":"fp8"}""", builder));
    }

    [Theory]
    [InlineData("channel", 24)]
    [InlineData("tensor", 1)]
    public void CompressedTensors_Fp8_HasAScalePerRowOrOne(string strategy, int scales)
    {
        var codes = Fp8Codes(Rows * Columns);
        var values = Scales(scales);
        var builder = new SafetensorsBuilder().Add("a.weight", "F8_E4M3", [Rows, Columns], codes).Add("a.weight_scale", scales == 1 ? [1] : [scales, 1], values).Add("a.input_scale", [1], 3);

        var actual = Load(CompressedTensors("float-quantized", $$"""{"num_bits":8,"type":"float","strategy":"{{strategy}}","symmetric":true}"""), builder);

        Assert.Equal(Expected((r, c) => Float8.E4M3[codes[(r * Columns) + c]] * values[scales == 1 ? 0 : r]), actual);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void CompressedTensors_Int8_HasAScalePerRow_AndPerhapsAZero(bool symmetric)
    {
        var (codes, zeros, scales) = (Bytes(Rows * Columns), Bytes(Rows), Scales(Rows));
        var builder = new SafetensorsBuilder().Add("a.weight", "I8", [Rows, Columns], codes).Add("a.weight_scale", "BF16", [Rows, 1], BFloat16(scales));
        if (!symmetric)
        {
            builder.Add("a.weight_zero_point", "I8", [Rows, 1], zeros);
        }

        var actual = Load(CompressedTensors("int-quantized", $$"""{"num_bits":8,"type":"int","strategy":"channel","symmetric":{{(symmetric ? "true" : "false")}}}"""), builder);

        Assert.Equal(Expected((r, c) => ((sbyte)codes[(r * Columns) + c] - (symmetric ? 0 : (sbyte)zeros[r])) * Truncated(scales[r])), actual);
    }

    [Theory]
    [InlineData(4, true)]
    [InlineData(4, false)]
    [InlineData(8, true)]
    [InlineData(8, false)]
    public void CompressedTensors_Packed_KeepsNeighbouringColumnsInOneWord(int bits, bool symmetric)
    {
        var (codes, zeros, scales) = (Codes(Rows * Columns, bits), Codes(Rows * Groups, bits), Scales(Rows * Groups));
        var middle = 1 << (bits - 1);
        var perWord = 32 / bits;
        var builder = new SafetensorsBuilder()
            .Add("a.weight_packed", "I32", [Rows, Columns / perWord], Pack(Rows, Columns, bits, (r, c) => codes[(r * Columns) + c]))
            .Add("a.weight_scale", [Rows, Groups], scales)
            .Add("a.weight_shape", "I64", [2], [.. BitConverter.GetBytes((long)Rows), .. BitConverter.GetBytes((long)Columns)]);
        if (!symmetric)
        {
            // Packed along the rows: word [w, g] holds the zeros of rows w * perWord and on.
            var transposed = Pack(Groups, Rows, bits, (g, r) => zeros[(r * Groups) + g]);
            builder.Add("a.weight_zero_point", "I32", [Rows / perWord, Groups], TransposeWords(transposed, Groups, Rows / perWord));
        }

        var actual = Load(CompressedTensors("pack-quantized", $$"""{"num_bits":{{bits}},"type":"int","strategy":"group","group_size":32,"symmetric":{{(symmetric ? "true" : "false")}}}"""), builder);

        Assert.Equal(Expected((r, c) => (codes[(r * Columns) + c] - (symmetric ? middle : zeros[(r * Groups) + (c / Group)])) * scales[(r * Groups) + (c / Group)]), actual);
    }

    [Theory]
    [InlineData(4, "gptq", false)]
    [InlineData(4, "gptq", true)]
    [InlineData(4, "gptq_v2", false)]
    [InlineData(8, "gptq", false)]
    [InlineData(8, "gptq", true)]
    [InlineData(8, "gptq_v2", true)]
    public void Gptq_PacksNeighbouringColumns_AndMayHaveSortedThem(int bits, string format, bool sorted)
    {
        var (codes, zeros, scales) = (Codes(Rows * Columns, bits), Codes(Rows * Groups, bits), Scales(Rows * Groups));
        var groups = Enumerable.Range(0, Columns).Select(c => c / Group).ToArray();
        if (sorted)
        {
            _random.Shuffle(groups);
        }

        var stored = format == "gptq" ? zeros.Select(zero => (zero - 1) & ((1 << bits) - 1)).ToArray() : zeros;
        var perWord = 32 / bits;
        var builder = new SafetensorsBuilder()
            .Add("a.qweight", "I32", [Columns / perWord, Rows], TransposeWords(Pack(Rows, Columns, bits, (r, c) => codes[(r * Columns) + c]), Rows, Columns / perWord))
            .Add("a.qzeros", "I32", [Groups, Rows / perWord], Pack(Groups, Rows, bits, (g, r) => stored[(r * Groups) + g]))
            .Add("a.scales", "F16", [Groups, Rows], Halves(Groups, Rows, (g, r) => scales[(r * Groups) + g]))
            .Add("a.g_idx", "I32", [Columns], Words(groups))
            .Add("a.bias", [Rows], new float[Rows]);

        var actual = Load($$"""{"quant_method":"gptq","bits":{{bits}},"group_size":32,"sym":false,"desc_act":{{(sorted ? "true" : "false")}},"checkpoint_format":"{{format}}"}""", builder);

        Assert.Equal(Expected((r, c) => (codes[(r * Columns) + c] - zeros[(r * Groups) + groups[c]]) * (float)(Half)scales[(r * Groups) + groups[c]]), actual);
    }

    [Fact]
    public void Gptq_WithOneGroup_HasAScalePerRow()
    {
        var (codes, scales) = (Codes(Rows * Columns, 4), Scales(Rows));
        var builder = new SafetensorsBuilder()
            .Add("a.qweight", "I32", [Columns / 8, Rows], TransposeWords(Pack(Rows, Columns, 4, (r, c) => codes[(r * Columns) + c]), Rows, Columns / 8))
            .Add("a.qzeros", "I32", [1, Rows / 8], Pack(1, Rows, 4, (_, _) => 7))
            .Add("a.scales", "F16", [1, Rows], Halves(1, Rows, (_, r) => scales[r]));

        Assert.Equal(Expected((r, c) => (codes[(r * Columns) + c] - 8) * (float)(Half)scales[r]), Load("""{"quant_method":"gptq","bits":4,"group_size":-1}""", builder));
    }

    [Fact]
    public void Awq_PacksRowsInItsOwnOrder()
    {
        int[] order = [0, 2, 4, 6, 1, 3, 5, 7];
        var (codes, zeros, scales) = (Codes(Rows * Columns, 4), Codes(Rows * Groups, 4), Scales(Rows * Groups));
        var builder = new SafetensorsBuilder()
            .Add("a.qweight", "I32", [Columns, Rows / 8], Pack(Columns, Rows, 4, (c, r) => codes[((r / 8 * 8) + order[r % 8]) * Columns + c]))
            .Add("a.qzeros", "I32", [Groups, Rows / 8], Pack(Groups, Rows, 4, (g, r) => zeros[(((r / 8 * 8) + order[r % 8]) * Groups) + g]))
            .Add("a.scales", "F16", [Groups, Rows], Halves(Groups, Rows, (g, r) => scales[(r * Groups) + g]));

        var actual = Load("""{"quant_method":"awq","bits":4,"group_size":32,"zero_point":true,"version":"gemm","modules_to_not_convert":null}""", builder);

        Assert.Equal(Expected((r, c) => (codes[(r * Columns) + c] - zeros[(r * Groups) + (c / Group)]) * (float)(Half)scales[(r * Groups) + (c / Group)]), actual);
    }

    [Theory]
    [InlineData("""{"quant_method":"fp8","weight_block_size":[128,128]}""")]
    [InlineData("""{"quant_method":"gptq","bits":4,"group_size":32}""")]
    [InlineData("""{"quant_method":"awq","bits":4,"group_size":32}""")]
    [InlineData("""{"quant_method":"compressed-tensors","format":"int-quantized","config_groups":{"group_0":{"targets":["Linear"],"weights":{"num_bits":8,"type":"int","strategy":"channel"}}}}""")]
    public void EveryMethod_LeavesModulesAlone_ThatHaveNoScales(string quantization)
    {
        var values = Scales(Rows * Columns);

        Assert.Equal(values, Load(quantization, new SafetensorsBuilder().Add("a.weight", [Rows, Columns], values)));
    }

    [Theory]
    [InlineData("""{"quant_method":"mxfp4"}""", "\"mxfp4\": not supported; supported: fp8, compressed-tensors, gptq, awq")]
    [InlineData("""{"quant_method":"fp8","fmt":"e5m2"}""", "is \"e5m2\"; supported: e4m3")]
    [InlineData("""{"quant_method":"fp8","weight_block_size":[128,100]}""", "columns must be a multiple of 32")]
    [InlineData("""{"quant_method":"fp8","weight_block_size":[128]}""", "is [128]; expected [rows, columns]")]
    [InlineData("""{"quant_method":"gptq","bits":3,"group_size":32}""", "is 3; supported: 4, 8")]
    [InlineData("""{"quant_method":"gptq","bits":4,"group_size":24}""", "is 24; supported: -1 and multiples of 32")]
    [InlineData("""{"quant_method":"gptq","bits":4,"group_size":32,"checkpoint_format":"marlin"}""", "is \"marlin\"; supported: gptq, gptq_v2")]
    [InlineData("""{"quant_method":"gptq","bits":4,"group_size":32,"dynamic":{}}""", "gives modules options of their own")]
    [InlineData("""{"quant_method":"awq","bits":4,"group_size":32,"version":"gemv"}""", "is \"GEMV\"; supported: gemm")]
    [InlineData("""{"quant_method":"awq","bits":4,"group_size":32,"zero_point":false}""", "is false; supported: true")]
    [InlineData("""{"quant_method":"compressed-tensors","format":"marlin-24","config_groups":{"group_0":{"targets":["Linear"],"weights":{"num_bits":4}}}}""", "is \"marlin-24\"; supported: int-quantized")]
    [InlineData("""{"quant_method":"compressed-tensors","format":"pack-quantized","config_groups":{"group_0":{"targets":["Linear"],"weights":{"num_bits":2}}}}""", "is \"int\" with 2 bits")]
    [InlineData("""{"quant_method":"compressed-tensors","format":"int-quantized"}""", "\"quantization_config.config_groups\" is missing")]
    [InlineData("""{"quant_method":"compressed-tensors","format":"int-quantized","ignore":["re:("],"config_groups":{}}""", "\"re:(\", which is no regular expression")]
    public void Of_NamesTheField_ThatIsNotSupported(string quantization, string expected)
    {
        var exception = Assert.ThrowsAny<CheckpointException>(() => Quantizations.Of(Config(quantization)));

        Assert.Contains(expected, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_NamesTensorAndNumbers_WhenPartsDoNotFit()
    {
        const string Fp8 = """{"quant_method":"fp8","weight_block_size":[128,128]}""";
        const string Gptq = """{"quant_method":"gptq","bits":4,"group_size":32}""";
        var codes = Fp8Codes(Rows * Columns);
        var bad = codes.ToArray();
        bad[5] = 0x7F;
        var words = new byte[Columns / 8 * Rows * 4];

        AssertFault("\"a.weight_scale_inv\" is [2, 1], but config.json makes it [1, 1]", Fp8, new SafetensorsBuilder().Add("a.weight", "F8_E4M3", [Rows, Columns], codes).Add("a.weight_scale_inv", [2, 1], 1, 1));
        AssertFault("\"a.weight_scale_inv\" F32 [1, 1] holds NaN or infinity at element 0", Fp8, new SafetensorsBuilder().Add("a.weight", "F8_E4M3", [Rows, Columns], codes).Add("a.weight_scale_inv", [1, 1], float.NaN));
        AssertFault("\"a.weight\" F8E4M3 [24, 96] holds NaN or infinity at element 5", Fp8, new SafetensorsBuilder().Add("a.weight", "F8_E4M3", [Rows, Columns], bad).Add("a.weight_scale_inv", [1, 1], 1));
        AssertFault("\"a.weight\" is F32 [24, 96]; its scheme has F8E4M3 here", Fp8, new SafetensorsBuilder().Add("a.weight", [Rows, Columns], new float[Rows * Columns]).Add("a.weight_scale_inv", [1, 1], 1));
        AssertFault("\"a.weight\" is F8E4M3 [24, 96]; weights are F32, BF16 or F16", Fp8, new SafetensorsBuilder().Add("a.weight", "F8_E4M3", [Rows, Columns], codes));
        AssertFault("tensor \"a.qzeros\" [3, 3] is missing", Gptq, new SafetensorsBuilder().Add("a.qweight", "I32", [Columns / 8, Rows], words));
        foreach (var (group, fault) in new[] { (9, "has column 0 in group 9 by g_idx; there are 3"), (-1, "has column 0 in group -1 by g_idx; there are 3"), (2, "has 31 columns in group 0 by g_idx; each group must have 32") })
        {
            AssertFault(fault, Gptq, new SafetensorsBuilder()
                .Add("a.qweight", "I32", [Columns / 8, Rows], words).Add("a.qzeros", "I32", [Groups, Rows / 8], new byte[36]).Add("a.scales", "F16", [Groups, Rows], new byte[2 * Groups * Rows])
                .Add("a.g_idx", "I32", [Columns], Words([group, .. Enumerable.Range(1, Columns - 1).Select(c => c / Group)])));
        }

        AssertFault("is [24, 95] by its weight_shape, but config.json makes it [24, 96]", CompressedTensors("pack-quantized", """{"num_bits":4,"strategy":"group","group_size":32}"""), new SafetensorsBuilder()
            .Add("a.weight_packed", "I32", [Rows, Columns / 8], words).Add("a.weight_scale", [Rows, Groups], new float[Rows * Groups])
            .Add("a.weight_shape", "I64", [2], [.. BitConverter.GetBytes(24L), .. BitConverter.GetBytes(95L)]));
        AssertFault("left over after the model took its 4: \"a.bias\"", Gptq, new SafetensorsBuilder()
            .Add("a.qweight", "I32", [Columns / 8, Rows], words).Add("a.qzeros", "I32", [Groups, Rows / 8], new byte[36]).Add("a.scales", "F16", [Groups, Rows], new byte[2 * Groups * Rows])
            .Add("a.g_idx", "I32", [Columns], Words([.. Enumerable.Range(0, Columns).Select(c => c / Group)])).Add("a.bias", [1], 1));

        void AssertFault(string expected, string quantization, SafetensorsBuilder builder) =>
            Assert.Contains(expected, Assert.Throws<CheckpointException>(() => Load(quantization, builder)).Message, StringComparison.Ordinal);
    }

    private static string CompressedTensors(string format, string weights) =>
        $$"""{"quant_method":"compressed-tensors","format":"{{format}}","ignore":["lm_head"],"config_groups":{"group_0":{"targets":["Linear"],"weights":{{weights}} } } }""";

    private static ModelConfigReader Config(string quantization) => ModelConfigReader.Parse("config.json", Encoding.UTF8.GetBytes($"{{\"quantization_config\":{quantization}}}"));

    /// <summary>Module "a" through the whole way: file, scheme, backend.</summary>
    private float[] Load(string quantization, SafetensorsBuilder builder, int rows = Rows, int columns = Columns)
    {
        var path = _folder.File($"{Guid.NewGuid():N}");
        Directory.CreateDirectory(path);
        builder.Write(Path.Combine(path, "model.safetensors"));
        var checkpoint = new Checkpoint(SafetensorsSource.Open(path), _backend, quantization: Quantizations.Of(Config(quantization)));
        var weight = checkpoint.At("a").Matrix("weight", rows, columns);
        checkpoint.Finish();
        Assert.Equal("a.weight", weight.Name);
        var ids = _backend.Ops.Integers([.. Enumerable.Range(0, rows)]);
        var table = _backend.Ops.Embedding(ids, weight);
        return [.. Enumerable.Range(0, rows).SelectMany(r => _backend.Ops.ReadRow(table, r).ToArray())];
    }

    private static float[] Expected(Func<int, int, float> value) => Expected(Rows, Columns, value);

    private static float[] Expected(int rows, int columns, Func<int, int, float> value) => [.. Enumerable.Range(0, rows * columns).Select(i => value(i / columns, i % columns))];

    private byte[] Bytes(int count)
    {
        var bytes = new byte[count];
        _random.NextBytes(bytes);
        return bytes;
    }

    private byte[] Fp8Codes(int count) => [.. Bytes(count).Select(code => (code & 0x7F) == 0x7F ? (byte)0 : code)];

    private int[] Codes(int count, int bits) => [.. Enumerable.Range(0, count).Select(_ => _random.Next(1 << bits))];

    private float[] Scales(int count) => [.. Enumerable.Range(0, count).Select(_ => 0.01f + _random.NextSingle())];

    /// <summary>A matrix of codes to words, the first of a row's in the low bits of the first word.</summary>
    private static byte[] Pack(int rows, int columns, int bits, Func<int, int, int> code)
    {
        var perWord = 32 / bits;
        var words = new uint[rows * (columns / perWord)];
        for (var r = 0; r < rows; r++)
        {
            for (var c = 0; c < columns; c++)
            {
                words[(r * (columns / perWord)) + (c / perWord)] |= (uint)code(r, c) << (c % perWord * bits);
            }
        }

        return Words([.. words.Select(word => (int)word)]);
    }

    private static byte[] TransposeWords(byte[] words, int rows, int columns) =>
        [.. Enumerable.Range(0, rows * columns).SelectMany(i => words[((((i % rows) * columns) + (i / rows)) * 4)..][..4])];

    private static byte[] Words(int[] values) => [.. values.SelectMany(BitConverter.GetBytes)];

    private static byte[] Halves(int rows, int columns, Func<int, int, float> value) =>
        [.. Enumerable.Range(0, rows * columns).SelectMany(i => BitConverter.GetBytes((Half)value(i / columns, i % columns)))];

    private static byte[] BFloat16(float[] values)
    {
        var bytes = new byte[values.Length * 2];
        for (var i = 0; i < values.Length; i++)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(i * 2), (ushort)(BitConverter.SingleToUInt32Bits(values[i]) >> 16));
        }

        return bytes;
    }

    private static float Truncated(float value) => BitConverter.UInt32BitsToSingle(BitConverter.SingleToUInt32Bits(value) & 0xFFFF_0000);
}

using XLLM.NativeBackends.Reference;
using XLLM.Silo.Hosting;
using XLLM.Silo.Hosting.Verification;
using XLLM.Silo.Models;
using XLLM.Silo.Tests.Models;
using XLLM.Silo.Weights;
using XLLM.Silo.Weights.Quantization;
using XLLM.Testing;

namespace XLLM.Silo.Tests.Weights.Gguf;

/// <summary>A model written as GGUF, as the conversion tools of that format do it, is the model that it was.</summary>
public sealed class GgufModelTests : IDisposable
{
    private const int HeadSize = 8;

    private readonly TemporaryFolder _folder = new();
    private readonly ReferenceBackend _backend = new();

    public void Dispose()
    {
        _backend.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("llama", false)]
    [InlineData("llama", true)]
    [InlineData("qwen2", false)]
    [InlineData("qwen3", false)]
    public void Load_GivesTheLogitsOfTheCheckpoint(string architecture, bool biased)
    {
        var tiny = architecture switch { "llama" => TinyModel.Llama(attentionBias: biased), "qwen2" => TinyModel.Qwen2(), _ => TinyModel.Qwen3() };
        tiny.Write(_folder.Path);
        var file = Path.Combine(Directory.CreateDirectory(_folder.File("gguf")).FullName, "tiny.gguf");
        File.WriteAllBytes(file, Convert(tiny, architecture).Build());

        Assert.Equal(Logits(_folder.Path), Logits(file));
        Assert.Equal(Logits(_folder.Path), Logits(_folder.File("gguf")));
    }

    [Fact]
    public void Load_DividesFrequencies_AsLlama3FilesSay()
    {
        var tiny = TinyModel.Llama().With("rope_scaling", new System.Text.Json.Nodes.JsonObject
        {
            ["rope_type"] = "llama3", ["factor"] = 8.0, ["low_freq_factor"] = 1.0, ["high_freq_factor"] = 4.0, ["original_max_position_embeddings"] = 64,
        });
        tiny.Write(_folder.Path);
        var scaled = new XLLM.Silo.Models.Layers.Llama3Scaling(8, 1, 4, 64).InverseFrequencies(10_000, HeadSize);
        var plain = new XLLM.Silo.Models.Layers.PlainRope().InverseFrequencies(10_000, HeadSize);
        var file = _folder.File("tiny.gguf");
        File.WriteAllBytes(file, Convert(tiny, "llama").Tensor("rope_freqs.weight", [HeadSize / 2], [.. plain.Zip(scaled, (a, b) => a / b)]).Build());

        var (expected, actual) = (Logits(_folder.Path), Logits(file));

        Assert.All(expected.Zip(actual), pair => Assert.Equal(pair.First, pair.Second, 1e-4));
        Assert.NotEqual(scaled, plain);
    }

    [Fact]
    public void Load_NamesTheFault_OfFilesThatAreNotComputed()
    {
        var tiny = TinyModel.Llama();
        tiny.Write(_folder.Path);
        AssertFault("\"general.architecture\" is \"mamba\": not supported; supported: llama, qwen2, qwen3", Convert(tiny, "mamba"));
        AssertFault("experts of GGUF files are not supported", Convert(tiny, "llama").Integer("llama.expert_count", 8));
        AssertFault("files split into parts", Convert(tiny, "llama").Integer("split.count", 2));
        AssertFault("\"sliding_window\" is 128", Convert(tiny, "llama").Integer("llama.attention.sliding_window", 128));
        AssertFault("is \"longrope\"; supported: none, linear, yarn", Convert(tiny, "llama").Text("llama.rope.scaling.type", "longrope"));
        AssertFault($"\"llama.rope.dimension_count\" is {HeadSize / 2}, but a head has {HeadSize} columns", Convert(tiny, "llama").Integer("llama.rope.dimension_count", HeadSize / 2));
        AssertFault("1 tensors are left over after the model took its 21: \"blk.0.odd.weight\"", Convert(tiny, "llama").Tensor("blk.0.odd.weight", [1], 1));
        AssertFault("is Q2_K, which is not supported; supported: F32, F16, Q4_0", Convert(tiny, "llama", drop: "output.weight").Tensor("output.weight", 10, [50, 256], new byte[50 * 84]));
        AssertFault("\"model.norm\" holds NaN or infinity", Convert(tiny, "llama", drop: "output_norm.weight").Tensor("output_norm.weight", [24], [.. Enumerable.Repeat(float.NaN, 24)]));
        AssertFault("\"llama.embedding_length\" is missing", new GgufBuilder().Text("general.architecture", "llama").Integer("llama.attention.head_count", 1));
        File.WriteAllText(Path.Combine(Directory.CreateDirectory(_folder.File("two")).FullName, "a.gguf"), "");
        File.WriteAllText(Path.Combine(_folder.File("two"), "b.gguf"), "");
        Assert.Contains("2 GGUF files (a.gguf, b.gguf); name the one to load", Assert.Throws<CheckpointException>(() => Logits(_folder.File("two"))).Message, StringComparison.Ordinal);

        void AssertFault(string expected, GgufBuilder builder)
        {
            var path = _folder.File($"{Guid.NewGuid():N}.gguf");
            File.WriteAllBytes(path, builder.Build());
            Assert.Contains(expected.Replace("\"model.norm\"", "\"model.norm.weight\" F32 [24]", StringComparison.Ordinal), Assert.ThrowsAny<CheckpointException>(() => Logits(path)).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Load_FindsScalesThatAreNotFinite()
    {
        var tiny = TinyModel.Llama().With("hidden_size", 32);
        var blocks = new byte[50 * 34];
        new byte[] { 0x00, 0x7C }.CopyTo(blocks, 7 * 34);
        tiny.Write(_folder.Path);
        var path = _folder.File("bad.gguf");
        File.WriteAllBytes(path, Keys("llama", hidden: 32).Tensor("token_embd.weight", 8, [50, 32], blocks).Build());

        Assert.Contains("Q8_0 has a scale that is NaN or infinite in row 7, block 0", Assert.Throws<CheckpointException>(() => Logits(path)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Load_NeverCrashes_WhateverBytesAreDamaged(int seed)
    {
        var random = new Random(seed);
        var tiny = TinyModel.Qwen3();
        tiny.Write(_folder.Path);
        var whole = Convert(tiny, "qwen3").Build();
        var path = _folder.File("damaged.gguf");
        var (loaded, refused) = (0, 0);
        for (var round = 0; round < 400; round++)
        {
            var damaged = whole.ToArray();
            damaged[random.Next(2500)] = (byte)random.Next(256);
            File.Delete(path);                              // replaced, not rewritten: the round before may still have it mapped
            File.WriteAllBytes(path, damaged);
            try
            {
                ModelLoader.Load(path, _backend, new ModelLoadOptions());
                loaded++;
            }
            catch (CheckpointException exception)
            {
                Assert.NotEmpty(exception.Message);
                refused++;
            }
        }

        Assert.True(loaded > 10 && refused > 100, $"{loaded} loaded, {refused} refused: the mutations do not try both");
    }

    [Theory]
    [InlineData(QuantizeTo.Int8)]
    [InlineData(QuantizeTo.Int4)]
    public void Load_RefusesToRoundAFileTwice(object to)
    {
        var tiny = TinyModel.Llama();
        tiny.Write(_folder.Path);
        var path = _folder.File("tiny.gguf");
        File.WriteAllBytes(path, Convert(tiny, "llama").Build());

        Assert.Throws<UnsupportedModelException>(() => ModelLoader.Load(path, _backend, new ModelLoadOptions { Quantize = (QuantizeTo)to }));
    }

    [Fact]
    public void TextFiles_TokenizeLikeTheFolder_ThatTheDemoFileWasMadeFrom()
    {
        var gguf = Paths.TryShared("demo-model", "dense-gguf");
        Assert.SkipWhen(gguf is null, "../shared/demo-model/dense-gguf is missing");
        var (expected, actual) = (TextFiles.Load(Paths.DemoModel), TextFiles.Load(gguf!));

        foreach (var text in new[] { "What is the capital of France?", "  1234 über\n\n天气 e\u0301<|im_start|>user\n<|im_end|>", "" })
        {
            Assert.Equal(expected.Tokenizer.Encode(text, addSpecialTokens: true), actual.Tokenizer.Encode(text, addSpecialTokens: true));
        }

        Assert.Equal(expected.Template!.Source.TrimEnd(), actual.Template!.Source.TrimEnd());
        Assert.Equal((string?)expected.SpecialTokens["eos_token"], (string?)actual.SpecialTokens["eos_token"]);
    }

    private float[] Logits(string path)
    {
        using var runner = new ModelRunner(_backend, ModelLoader.Load(path, _backend, new ModelLoadOptions()).Model, sequences: 1, tokens: 16);
        return runner.Step(runner.Start(), new[] { 1, 2, 3, 4, 40 });
    }

    private static GgufBuilder Keys(string architecture, uint hidden = 24) => new GgufBuilder()
        .Text("general.architecture", architecture)
        .Integer($"{architecture}.context_length", 256)
        .Integer($"{architecture}.embedding_length", hidden)
        .Integer($"{architecture}.block_count", 2)
        .Integer($"{architecture}.feed_forward_length", 40)
        .Integer($"{architecture}.attention.head_count", 4)
        .Integer($"{architecture}.attention.head_count_kv", 2)
        .Integer($"{architecture}.attention.key_length", HeadSize)
        .Integer($"{architecture}.attention.value_length", HeadSize)
        .Number($"{architecture}.rope.freq_base", 10_000)
        .Number($"{architecture}.attention.layer_norm_rms_epsilon", 1e-6f)
        .Integer("tokenizer.ggml.eos_token_id", 2);

    /// <summary>What the conversion does: other names, and for Llama the rows of q and k with rotary pairs beside each other.</summary>
    private GgufBuilder Convert(TinyModel tiny, string architecture, string? drop = null)
    {
        var source = SafetensorsSource.Open(_folder.Path);
        var builder = Keys(architecture);
        foreach (var (name, shape) in tiny.Shapes)
        {
            var values = source.Find(name, shape)!.ToFloats();
            if (architecture == "llama" && (name.Contains("q_proj", StringComparison.Ordinal) || name.Contains("k_proj", StringComparison.Ordinal)))
            {
                values = InPairs(values, shape[0], values.Length / shape[0]);
            }

            if (GgufName(name) is var given && given != drop)
            {
                builder.Tensor(given, shape, values);
            }
        }

        return builder;
    }

    private static float[] InPairs(float[] values, int rows, int columns)
    {
        var result = new float[values.Length];
        for (var row = 0; row < rows; row++)
        {
            var (head, place) = Math.DivRem(row, HeadSize);
            var (half, i) = Math.DivRem(place, HeadSize / 2);
            values.AsSpan(row * columns, columns).CopyTo(result.AsSpan(((head * HeadSize) + (2 * i) + half) * columns));
        }

        return result;
    }

    private static string GgufName(string name)
    {
        var short1 = name.Replace("model.layers.", "blk.", StringComparison.Ordinal);
        (string From, string To)[] parts =
        [
            ("model.embed_tokens", "token_embd"), ("model.norm", "output_norm"), ("lm_head", "output"), ("input_layernorm", "attn_norm"), ("post_attention_layernorm", "ffn_norm"),
            ("self_attn.q_proj", "attn_q"), ("self_attn.k_proj", "attn_k"), ("self_attn.v_proj", "attn_v"), ("self_attn.o_proj", "attn_output"), ("self_attn.q_norm", "attn_q_norm"),
            ("self_attn.k_norm", "attn_k_norm"), ("mlp.gate_proj", "ffn_gate"), ("mlp.up_proj", "ffn_up"), ("mlp.down_proj", "ffn_down"),
        ];
        return parts.Aggregate(short1, (current, part) => current.Replace(part.From, part.To, StringComparison.Ordinal));
    }
}

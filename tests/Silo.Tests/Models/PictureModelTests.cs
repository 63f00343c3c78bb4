using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using XLLM.NativeBackends.Ops;
using XLLM.Silo.Hosting.Verification;
using XLLM.Silo.Models;
using XLLM.Silo.Vision;
using XLLM.Silo.Weights;
using XLLM.Testing;

namespace XLLM.Silo.Tests.Models;

/// <summary>Models that read pictures, with random weights, on every backend present. Their numbers are checked against the golden cases by verify.</summary>
public sealed class PictureModelTests
{
    private static readonly PictureGrid[] Grids = [new(1, 4, 6), new(1, 2, 2)];

    /// <summary>Text, six tokens of a picture, text, one token of another, text.</summary>
    private static readonly int[] Prompt = [5, 6, 7, .. Enumerable.Repeat(PictureConfigs.Token, 6), 8, PictureConfigs.Token, 9, 10];

    public static TheoryData<string, string> Families => Backends.With([.. PictureConfigs.Names]);

    public static TheoryData<string> Names => [.. PictureConfigs.Names];

    [Theory]
    [MemberData(nameof(Families))]
    public void Pictures_ChangeWhatFollowsThem_AndNothingBefore_InChunksAsInTheWhole(string backendName, string family)
    {
        using var backend = Backends.Open(backendName);
        var model = Create(backend, PictureConfigs.Of(family));
        using var runner = new ModelRunner(backend, model, sequences: 2, tokens: 64);
        var pictures = Encode(backend, model, Pixels(1), Grids);

        var whole = runner.Step(runner.Start(pictures), Prompt);
        var other = runner.Step(runner.Start(Encode(backend, model, Pixels(2), Grids)), Prompt);
        AssertFinite(whole);
        Assert.True(SameBits(whole.AsSpan(0, 300), other.AsSpan(0, 300)), "what stands before a picture knew of it");
        Assert.False(SameBits(whole.AsSpan(^100..), other.AsSpan(^100..)), "the last token did not see the pictures");

        foreach (var chunk in new[] { 1, 5, 7 })
        {
            var sequence = runner.Start(pictures);
            var logits = Prompt.Chunk(chunk).SelectMany(tokens => runner.Step(sequence, tokens)).ToArray();
            Assert.True(SameBits(whole, logits), $"chunks of {chunk} give other bits");
            runner.Release(sequence);
        }
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void APicture_IsEncodedToTheSameBits_AloneAndAmongOthers(string backendName, string family)
    {
        using var backend = Backends.Open(backendName);
        var model = Create(backend, PictureConfigs.Of(family));
        var pixels = Pixels(3);
        var first = pixels[..(24 * 96)];
        var second = pixels[(24 * 96)..];

        var (one, two) = (Run(first, Grids[0]), Run(second, Grids[1]));
        Assert.Equal((6 * model.Pictures!.Columns, model.Pictures.Columns), (one.Length, two.Length));
        Assert.True(SameBits(one, Run(first, Grids[0])) && SameBits(two, Run(second, Grids[1])), "a picture is encoded to other bits after another");

        float[] Run(ReadOnlySpan<float> values, PictureGrid grid)
        {
            backend.Ops.BeginStep();
            var rows = model.Pictures!.Encode(values, grid, backend.Ops);
            return [.. Enumerable.Range(0, rows.Rows).SelectMany(row => backend.Ops.ReadRow(rows, row).ToArray())];
        }
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void TextAlone_IsTheSameBits_BesideASequenceWithPictures(string backendName, string family)
    {
        using var backend = Backends.Open(backendName);
        var model = Create(backend, PictureConfigs.Of(family));
        using var runner = new ModelRunner(backend, model, sequences: 4, tokens: 64);
        int[] text = [1, 2, 3, 4, 5, 6, 7];

        // Alone the step has plain positions; beside pictures all rows of the step have three.
        var alone = runner.Step(runner.Start(), text);
        var beside = runner.Step([new(runner.Start(), text), new(runner.Start(Encode(backend, model, Pixels(1), Grids)), Prompt)]);

        Assert.Equal((3, PictureConfigs.Token), (model.RotaryAxes, model.PictureToken));
        Assert.True(SameBits(alone, beside.AsSpan(0, alone.Length)), "text is computed otherwise beside pictures");
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Encode_RefusesValuesThatDoNotFitTheGrid(string family)
    {
        using var backend = Backends.Open("reference");
        var encoder = Create(backend, PictureConfigs.Of(family)).Pictures!;
        backend.Ops.BeginStep();

        Assert.Equal((96, 2), (encoder.ValuesPerPatch, encoder.MergeSize));
        Assert.Contains("8 patches of 96 values need 768 values, not 767", Throw(767, new(1, 2, 4)), StringComparison.Ordinal);
        Assert.Contains("1 x 3 x 4 patches: both sides must be multiples of 2", Throw(12 * 96, new(1, 3, 4)), StringComparison.Ordinal);
        Assert.Contains("1 x 0 x 4 patches", Throw(0, new(1, 0, 4)), StringComparison.Ordinal);

        string Throw(int values, PictureGrid grid) => Assert.Throws<ArgumentException>(() => encoder.Encode(new float[values], grid, backend.Ops)).Message;
    }

    [Theory]
    [InlineData("qwen2", "vision_config.hidden_size", "33", "\"vision_config.hidden_size\" is 33, but the decoder has 32 columns")]
    [InlineData("qwen2.5", "vision_config.out_hidden_size", "40", "\"vision_config.out_hidden_size\" is 40, but the decoder has 32 columns")]
    [InlineData("qwen3", "vision_config.out_hidden_size", "40", "is 40, but the decoder has 32 columns")]
    [InlineData("glm", "vision_config.out_hidden_size", "40", "is 40, but the decoder has 32 columns")]
    [InlineData("qwen2.5", "vision_config.window_size", "7", "is 7 pixels, less than a token's side of 8")]
    [InlineData("qwen2.5", "vision_config.fullatt_block_indexes", "[1, 3]", "names layer 3, but depth is 3")]
    [InlineData("qwen2.5", "vision_config.hidden_act", "\"gelu\"", "is \"gelu\"; supported: silu")]
    [InlineData("qwen2", "vision_config.hidden_act", "\"relu\"", "is \"relu\"; supported: gelu, gelu_pytorch_tanh, gelu_new, quick_gelu")]
    [InlineData("qwen3", "vision_config.deepstack_visual_indexes", "[0, 3]", "names layer 3, but depth is 3")]
    [InlineData("qwen3", "vision_config.num_position_embeddings", "24", "is 24; the table of position embeddings must be a square")]
    [InlineData("qwen3", "vision_config.num_heads", "5", "is 5, which does not divide 24 columns into heads of a multiple of 4")]
    [InlineData("qwen3", "vision_config.in_channels", "4", "is 4; pictures have 3")]
    [InlineData("qwen3", "vision_config", "null", "\"vision_config\" is missing; expected the fields of the vision encoder")]
    [InlineData("qwen3", "image_token_id", "100", "\"image_token_id\" is 100, but the vocabulary has 100 tokens")]
    [InlineData("qwen3", "image_token_id", "null", "\"image_token_id\" is missing")]
    [InlineData("qwen3", "text_config.rope_scaling.mrope_section", "[2, 1, 2]", "\"text_config.rope_scaling.mrope_section\" is [2, 1, 2]; expected three numbers whose sum is 4")]
    [InlineData("qwen2", "rope_scaling.mrope_section", "null", "\"rope_scaling.mrope_section\" is missing")]
    [InlineData("glm", "vision_config.image_size", "3", "is 3 pixels, less than a patch's side of 4")]
    public void Configurations_AreRefused_WithFieldAndNumbers(string family, string field, string value, string expected)
    {
        var config = PictureConfigs.Of(family);
        var path = field.Split('.');
        var section = path[..^1].Aggregate(config, (at, name) => at[name]!.AsObject());
        section[path[^1]] = JsonNode.Parse(value);

        using var backend = Backends.Open("reference");
        Assert.Contains(expected, Assert.ThrowsAny<CheckpointException>(() => Create(backend, config)).Message, StringComparison.Ordinal);
    }

    /// <summary>Exports differ in where they put the two trees: as published, and as later libraries save the same model.</summary>
    [Theory]
    [InlineData("qwen2", "visual.", "model.visual.", "model.", "model.language_model.")]
    [InlineData("qwen2.5", "visual.", "model.visual.", "model.", "model.language_model.")]
    [InlineData("qwen2.5", "visual.", "visual.", "model.", "model.language_model.")]
    [InlineData("qwen3", "model.visual.", "visual.", "model.language_model.", "model.")]
    [InlineData("glm", "model.visual.", "visual.", "model.language_model.", "model.")]
    public void Checkpoints_LoadUnderTheNamesOfOtherExports_AndWhatIsLeftOverIsAnError(string family, string encoder, string otherEncoder, string decoder, string otherDecoder)
    {
        using var backend = Backends.Open("reference");
        var config = PictureConfigs.Of(family);
        var published = new NamedSource(null);
        Create(backend, config, published);
        string[] names = [.. published.Asked.Select(name => Rename(name, encoder, otherEncoder) ?? Rename(name, decoder, otherDecoder) ?? name)];

        Assert.NotEqual(published.Asked, names);
        var other = new NamedSource(names);
        Create(backend, config, other);
        Assert.Equal(names.Order(StringComparer.Ordinal), other.Asked.Distinct().Order(StringComparer.Ordinal));

        var error = Assert.Throws<CheckpointException>(() => Create(backend, config, new NamedSource([.. names, $"{otherEncoder}blocks.3.norm1.weight"])));
        Assert.Contains("1 tensors are left over", error.Message, StringComparison.Ordinal);
        Assert.Contains($"\"{otherEncoder}blocks.3.norm1.weight\"", error.Message, StringComparison.Ordinal);

        static string? Rename(string name, string from, string to) => name.StartsWith(from, StringComparison.Ordinal) ? to + name[from.Length..] : null;
    }

    [Fact]
    public void DeepLayers_MustNotBeMoreThanTheDecoderHas()
    {
        var config = PictureConfigs.Of("qwen3");
        config["text_config"]!["num_hidden_layers"] = 1;
        using var backend = Backends.Open("reference");

        Assert.Contains("names 2 layers, but the decoder has 1 to add them after", Assert.Throws<CheckpointException>(() => Create(backend, config)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Sections_AreInARow_OrTakeTurns()
    {
        var text = PictureConfigs.Of("qwen3")["text_config"]!.AsObject();
        text["rope_scaling"]!["mrope_section"] = new JsonArray(6, 5, 5);

        Assert.Equal([0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2], RotarySections.Read(text.Reader(), 16, interleaved: false));
        Assert.Equal([0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0], RotarySections.Read(text.Reader(), 16, interleaved: true));
        text["rope_scaling"]!["mrope_section"] = new JsonArray(24, 20, 20);
        var axes = RotarySections.Read(text.Reader(), 64, interleaved: true);
        Assert.Equal([24, 20, 20], axes.CountBy(axis => axis).OrderBy(pair => pair.Key).Select(pair => pair.Value));
        Assert.All(axes[60..], axis => Assert.Equal(0, axis));
    }

    /// <summary>At full depth, without memory: every tensor has the shape that the published file says. The numbers of the Qwen models up to 8B are those that their publishers state; the others are what the files come to.</summary>
    [Theory]
    [InlineData("hf-dirs/Qwen2.5-VL-3B-Instruct/config.json", 3_754_622_976)]
    [InlineData("hf-dirs/Qwen2-VL-2B-AWQ/config.json", 2_208_985_600)]
    [InlineData("hf-dirs/Qwen3-VL-4B/config.json", 4_437_815_808)]
    [InlineData("hf-dirs/GLM-4.1V-9B/config.json", 10_292_777_472)]
    [InlineData("hf/Qwen__Qwen3-VL-2B-Instruct.config.json", 2_127_532_032)]
    [InlineData("hf/Qwen__Qwen3-VL-8B-Instruct.config.json", 8_767_123_696)]
    [InlineData("hf/Qwen__Qwen3-VL-32B-Instruct.config.json", 33_357_390_064)]
    public void PublishedConfigurations_Build_WithAsManyParametersAsPublished(string file, long parameters)
    {
        var path = Paths.TryShared(["data", "configs", .. file.Split('/')]);
        Assert.SkipWhen(path is null, $"../shared/data/configs/{file} is missing");
        using var source = new ZeroSource();
        using var backend = new ShapeBackend();
        var reader = ModelConfigReader.Load(path!);
        var checkpoint = new Checkpoint(source, backend, MatrixCheck.Sampled);

        var model = ModelRegistry.Find(reader.Texts("architectures")[0], path!)(reader, checkpoint);

        Assert.Equal(parameters, checkpoint.Finish().Parameters);
        var rows = model.Pictures!.Encode(new float[16 * model.Pictures.ValuesPerPatch], new PictureGrid(1, 4, 4), backend.Ops);
        Assert.Equal((4, model.Pictures.Columns), (rows.Rows, rows.Columns));
    }

    /// <summary>Published models with experts, made small: their two stacked tensors are copied, which full size has no memory for here.</summary>
    [Theory]
    [InlineData("Qwen__Qwen3-VL-30B-A3B-Instruct")]
    [InlineData("Qwen__Qwen3-VL-235B-A22B-Instruct")]
    public void PublishedExperts_Run(string name)
    {
        var path = Paths.TryShared("data", "configs", "hf", $"{name}.config.json");
        Assert.SkipWhen(path is null, $"../shared/data/configs/hf/{name}.config.json is missing");
        var config = JsonNode.Parse(File.ReadAllBytes(path!))!.AsObject();
        var (text, vision) = (config["text_config"]!.AsObject(), config["vision_config"]!.AsObject());
        text.With("vocab_size", 100).With("hidden_size", 64).With("moe_intermediate_size", 32).With("num_hidden_layers", 4).With("num_attention_heads", 8);
        vision.With("hidden_size", 48).With("intermediate_size", 64).With("out_hidden_size", 64).With("num_heads", 4).With("patch_size", 4);
        config["image_token_id"] = PictureConfigs.Token;

        using var backend = Backends.Open("cpu");
        var model = Create(backend, config);
        using var runner = new ModelRunner(backend, model, sequences: 1, tokens: 64);
        AssertFinite(runner.Step(runner.Start(Encode(backend, model, Pixels(1), Grids)), Prompt));
        Assert.Equal(64 * 4, model.Pictures!.Columns);
    }

    private static ICausalModel Create(IBackend backend, JsonObject config) => Create(backend, config, new DummySource("random", seed: 1));

    private static ICausalModel Create(IBackend backend, JsonObject config, ITensorSource source)
    {
        var reader = config.Reader();
        var checkpoint = new Checkpoint(source, backend);
        var model = ModelRegistry.Find(reader.Texts("architectures")[0], "config.json")(reader, checkpoint);
        checkpoint.Finish();
        return model;
    }

    private static EncodedPictures Encode(IBackend backend, ICausalModel model, float[] pixels, IReadOnlyList<PictureGrid> grids) =>
        EncodedPictures.Encode(backend, model, Prompt, pixels, grids);

    private static float[] Pixels(int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, (24 + 4) * 96).Select(_ => (random.NextSingle() * 4) - 2)];
    }

    private static bool SameBits(ReadOnlySpan<float> a, ReadOnlySpan<float> b) => MemoryMarshal.Cast<float, int>(a).SequenceEqual(MemoryMarshal.Cast<float, int>(b));

    private static void AssertFinite(float[] logits)
    {
        Assert.All(logits, logit => Assert.True(float.IsFinite(logit)));
        Assert.True(logits.Max() - logits.Min() > 1e-4, "all logits are the same");
    }

    /// <summary>Random tensors under given names, or under any.</summary>
    private sealed class NamedSource(IReadOnlyCollection<string>? names) : ITensorSource
    {
        private readonly DummySource _random = new("random", seed: 1);

        public List<string> Asked { get; } = [];

        public string Place => "random";

        public IReadOnlyCollection<string>? Names => names;

        public long? TotalBytes => null;

        public HostTensor? Find(string name, IReadOnlyList<int> shape, DType type = DType.BF16)
        {
            Asked.Add(name);
            return names is null || names.Contains(name) ? _random.Find(name, shape, type) : null;
        }
    }
}

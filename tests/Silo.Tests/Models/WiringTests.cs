using XLLM.NativeBackends.Ops;
using XLLM.Silo.Execution;
using XLLM.Silo.Models;
using XLLM.Silo.Weights;
using XLLM.Testing;

namespace XLLM.Silo.Tests.Models;

/// <summary>The wiring over <see cref="ShapeOps"/>: no numbers, any size.</summary>
public sealed class WiringTests
{
    public static TheoryData<string> TinyModels => ["llama", "llama tied", "llama with biases", "qwen2", "qwen3", "qwen3 tied", "qwen3 experts", "glm4", "glm4 experts", "deepseek v2", "deepseek v3", "deepseek v3.2", "glm5", "qwen3 next", "qwen3.5", "qwen3.5 tied"];

    [Theory]
    [MemberData(nameof(TinyModels))]
    public void Create_TakesEveryTensorOfTheFamilyExactlyOnce(string name)
    {
        using var source = new ZeroSource();
        var tiny = Tiny(name);

        Create(tiny.Reader(), new ShapeBackend(), source);

        Assert.Equal(tiny.Shapes.Keys.Order(StringComparer.Ordinal), source.Asked.Order(StringComparer.Ordinal));
    }

    [Theory]
    [MemberData(nameof(TinyModels))]
    public void Forward_UsesEveryMatrix_AndGivesLogitsOfTheWantedRows(string name)
    {
        using var source = new ZeroSource();
        using var backend = new ShapeBackend();
        var tiny = Tiny(name);
        var model = Create(tiny.Reader(), backend, source);

        var seen = new List<int>();
        var logits = model.Forward(Batch(model, rows: 5, wanted: 2, (layer, states) =>
        {
            Assert.Equal((5, 24), (states.Rows, states.Columns));
            seen.Add(layer);
        }), backend.Ops);

        Assert.Equal((2, 50), (logits.Rows, logits.Columns));
        Assert.Equal([0, 1, 2], seen);
        var matrices = tiny.Shapes.Where(pair => pair.Value.Length == 2).Select(pair => pair.Key);
        Assert.Equal(matrices.Order(StringComparer.Ordinal), backend.Shapes.Used.Distinct().Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Forward_GivesNoLogits_WhenNoneAreWanted()
    {
        using var source = new ZeroSource();
        using var backend = new ShapeBackend();
        var model = Create(TinyModel.Qwen3().Reader(), backend, source);

        Assert.Equal(0, model.Forward(Batch(model, rows: 5, wanted: 0, null), backend.Ops).Rows);
    }

    [Theory]
    [InlineData("Qwen__Qwen2.5-1.5B", 28, 1_543_714_304)]
    [InlineData("Qwen__Qwen2.5-7B", 28, 7_615_616_512)]
    [InlineData("Qwen__Qwen2.5-32B", 64, 32_763_876_352)]
    [InlineData("Qwen__Qwen2.5-72B", 80, 72_706_203_648)]
    [InlineData("Qwen__Qwen3-0.6B", 28, 596_049_920)]
    [InlineData("Qwen__Qwen3-1.7B", 28, 1_720_574_976)]
    [InlineData("Qwen__Qwen3-8B", 36, 8_190_735_360)]
    [InlineData("Qwen__Qwen3-32B", 64, 32_762_123_264)]
    [InlineData("deepseek-ai__DeepSeek-R1-Distill-Qwen-32B", 64, 32_763_876_352)]
    [InlineData("Qwen__Qwen3-30B-A3B", 48, 30_532_122_624)]
    [InlineData("Qwen__Qwen3-30B-A3B-FP8", 48, 30_532_122_624)]
    [InlineData("Qwen__Qwen3-235B-A22B", 94, 235_093_634_560)]
    [InlineData("Qwen__Qwen3-235B-A22B-FP8", 94, 235_093_634_560)]
    [InlineData("nvidia__Qwen3-235B-A22B-NVFP4", 94, 235_093_634_560)]
    [InlineData("Qwen__Qwen3-Coder-480B-A35B-Instruct", 62, 480_154_875_392)]
    [InlineData("Qwen__Qwen3-Next-80B-A3B-Thinking", 48, 79_674_391_296)]
    [InlineData("Qwen__Qwen3.5-27B", 64, 27_356_728_560)]
    [InlineData("Qwen__Qwen3.5-35B-A3B", 40, 35_107_181_936)]
    [InlineData("Qwen__Qwen3.5-122B-A10B", 48, 122_562_817_776)]
    [InlineData("Qwen__Qwen3.5-397B-A17B", 60, 396_802_360_816)]
    [InlineData("Qwen__Qwen3.6-35B-A3B", 40, 35_107_181_936)]
    [InlineData("deepseek-ai__DeepSeek-V3", 61, 671_026_419_200)]
    [InlineData("deepseek-ai__DeepSeek-R1", 61, 671_026_419_200)]
    [InlineData("deepseek-ai__DeepSeek-V3.1", 61, 671_026_419_200)]
    [InlineData("nvidia__DeepSeek-V3.1-NVFP4", 61, 671_026_419_200)]
    [InlineData("deepseek-ai__DeepSeek-V3.2", 61, 671_877_944_064)]
    [InlineData("nvidia__DeepSeek-V3.2-NVFP4", 61, 671_877_944_064)]
    [InlineData("moonshotai__Kimi-K2-Instruct", 61, 1_026_408_232_448)]
    [InlineData("moonshotai__Kimi-K2-Thinking", 61, 1_026_408_232_448)]
    [InlineData("zai-org__GLM-4.5", 92, 352_797_829_024)]
    [InlineData("zai-org__GLM-4.7-FP8", 92, 352_796_486_560)]
    [InlineData("zai-org__GLM-4.7-Flash", 47, 29_943_393_920)]
    [InlineData("zai-org__GLM-5", 78, 743_911_218_432)]
    [InlineData("zai-org__GLM-5-FP8", 78, 743_911_218_432)]
    [InlineData("nvidia__GLM-5-NVFP4", 78, 743_911_218_432)]
    [InlineData("zai-org__GLM-5.1", 78, 743_911_218_432)]
    [InlineData("zai-org__GLM-5.1-FP8", 78, 743_911_218_432)]
    [InlineData("zai-org__GLM-5.2", 78, 743_377_019_904)]
    [InlineData("zai-org__GLM-5.2-FP8", 78, 743_377_019_904)]
    public void PublishedConfigurations_BuildAndRun_WithAsManyParametersAsPublished(string name, int layers, long parameters)
    {
        var path = Paths.TryShared("data", "configs", "hf", $"{name}.config.json");
        Assert.SkipWhen(path is null, $"../shared/data/configs/hf/{name}.config.json is missing");
        using var source = new ZeroSource();
        using var backend = new ShapeBackend();
        var reader = ModelConfigReader.Load(path!);
        var checkpoint = new Checkpoint(source, backend, MatrixCheck.Sampled);

        var model = ModelRegistry.Find(reader.Texts("architectures")[0], path!)(reader, checkpoint);

        Assert.Equal(parameters, checkpoint.Finish().Parameters);
        Assert.Equal(layers, model.KvLayout.Groups.Sum(group => group.Layers.Count));
        var logits = model.Forward(Batch(model, rows: 3, wanted: 1, null), backend.Ops);
        Assert.Equal((1, model.VocabularySize), (logits.Rows, logits.Columns));
    }

    private static TinyModel Tiny(string name) => name switch
    {
        "llama" => TinyModel.Llama(),
        "llama tied" => TinyModel.Llama().Tied(),
        "llama with biases" => TinyModel.Llama(attentionBias: true, mlpBias: true),
        "qwen2" => TinyModel.Qwen2(),
        "qwen3" => TinyModel.Qwen3(),
        "qwen3 tied" => TinyModel.Qwen3().Tied(),
        "qwen3 experts" => TinyModel.Qwen3Experts(),
        "glm4" => TinyModel.Glm4(bias: true),
        "glm4 experts" => TinyModel.Glm4Experts(headNorms: true, bias: true),
        "deepseek v2" => TinyModel.Latent("DeepseekV2ForCausalLM", 0, bias: false, shared: 2, []),
        "deepseek v3" => TinyModel.Latent("DeepseekV3ForCausalLM", 14, bias: true, shared: 1, []),
        "deepseek v3.2" => TinyModel.Sparse("DeepseekV32ForCausalLM", most: 4),
        "glm5" => TinyModel.Sparse("GlmMoeDsaForCausalLM", most: 4, indexers: 1).With("indexer_types", new System.Text.Json.Nodes.JsonArray("full", "shared")),
        "qwen3 next" => TinyModel.Qwen3Next(),
        "qwen3.5" => TinyModel.Qwen35(),
        "qwen3.5 tied" => TinyModel.Qwen35().Tied(),
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, "no such tiny model"),
    };

    private static ICausalModel Create(ModelConfigReader reader, IBackend backend, ITensorSource source) =>
        ModelRegistry.Find(reader.Texts("architectures")[0], reader.File)(reader, new Checkpoint(source, backend, MatrixCheck.Sampled));

    private static ForwardBatch Batch(ICausalModel model, int rows, int wanted, Action<int, Tensor>? hiddenStates)
    {
        static Tensor Integers(int rows, int columns) => new(0, DType.I32, rows, columns);
        var geometry = new KvGeometry(model.KvLayout, DType.F32, blockTokens: 16);
        var attention = new AttentionBatch(Integers(1, 2), Integers(1, 1), Integers(1, 1), Integers(1, rows));
        return new ForwardBatch
        {
            TokenIds = Integers(1, rows),
            Positions = Integers(1, rows),
            LogitRows = Integers(1, wanted),
            Kv = geometry.LayersAt(0),
            States = geometry.StatesAt(0),
            Attention = [.. geometry.LayersAt(0).Select(_ => attention)],
            HiddenStates = hiddenStates,
        };
    }
}

using XLLM.NativeBackends.Ops;
using XLLM.Silo.Models;
using XLLM.Silo.Weights;
using XLLM.Testing;

namespace XLLM.Silo.Tests.Models;

/// <summary>The wiring over <see cref="ShapeOps"/>: no numbers, any size.</summary>
public sealed class WiringTests
{
    public static TheoryData<string> TinyModels => ["llama", "llama tied", "llama with biases", "qwen2", "qwen3", "qwen3 tied"];

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
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, "no such tiny model"),
    };

    private static ICausalModel Create(ModelConfigReader reader, IBackend backend, ITensorSource source) =>
        ModelRegistry.Find(reader.Texts("architectures")[0], reader.File)(reader, new Checkpoint(source, backend, MatrixCheck.Sampled));

    private static ForwardBatch Batch(ICausalModel model, int rows, int wanted, Action<int, Tensor>? hiddenStates)
    {
        static Tensor Integers(int rows, int columns) => new(0, DType.I32, rows, columns);
        var group = Assert.Single(model.KvLayout.Groups);
        var attention = new AttentionBatch(Integers(1, 2), Integers(1, 1), Integers(1, 1), Integers(1, rows));
        return new ForwardBatch
        {
            TokenIds = Integers(1, rows),
            Positions = Integers(1, rows),
            LogitRows = Integers(1, wanted),
            Kv = [.. group.Layers.Select(_ => new KvLayer(0, DType.F32, 16, group.KvHeads, group.HeadSize, 0, 0, 0))],
            Attention = [.. group.Layers.Select(_ => attention)],
            HiddenStates = hiddenStates,
        };
    }
}

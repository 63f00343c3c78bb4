using System.Text.Json.Nodes;
using XLLM.NativeBackends.Ops;
using XLLM.Silo.Hosting.Verification;
using XLLM.Silo.Models;
using XLLM.Silo.Tests.Weights;
using XLLM.Silo.Weights;

namespace XLLM.Silo.Tests.Models;

/// <summary>Numbers of Qwen3-Next and Qwen3.5, and of their options, against the plain decoder in double precision.</summary>
public sealed class DeltaDecoderTests
{
    private static readonly int[] Prompt = [3, 1, 4, 1, 5, 9, 2, 6, 5, 35, 8, 9, 7, 9, 3, 23, 8, 46, 26, 43];

    public static TheoryData<string, string> Cases => Backends.With([.. Models.Keys]);

    [Theory]
    [MemberData(nameof(Cases))]
    public void Forward_EqualsThePlainDecoder(string backendName, string name)
    {
        using var folder = new TemporaryFolder();
        using var backend = Backends.Open(backendName);
        var (tiny, plain) = Models[name];
        tiny().Write(folder.Path);
        var loaded = ModelLoader.Load(folder.Path, backend, new ModelLoadOptions());
        using var runner = new ModelRunner(backend, loaded.Model, sequences: 1, tokens: Prompt.Length);

        var actual = runner.Step(runner.Start(), Prompt);

        var expected = plain(SafetensorsSource.Open(folder.Path)).Logits(Prompt).SelectMany(row => row).ToArray();
        Assert.InRange(expected.Max(Math.Abs), 0.1, 100);
        Assert.InRange(actual.Zip(expected, (a, e) => Math.Abs(a - e)).Max(), 0, 5e-4);
    }

    [Fact]
    public void DraftLayersPicturesAndEmptySharedExperts_MayBeThere_AndAreLeftAlone()
    {
        using var folder = new TemporaryFolder();
        using var backend = new ShapeBackend();
        var tiny = TinyModel.Qwen3Next(shared: 0);
        tiny.Shapes["mtp.layers.0.mlp.gate.weight"] = [6, 24];
        tiny.Shapes["model.layers.1.mlp.shared_expert_gate.weight"] = [1, 24];
        tiny.Shapes["model.layers.1.mlp.shared_expert.down_proj.weight"] = [24, 0];
        tiny.Write(folder.Path);
        Assert.Equal(50, ModelLoader.Load(folder.Path, backend, new ModelLoadOptions()).Info.VocabularySize);

        using var other = new TemporaryFolder();
        var text = TinyModel.Qwen35();
        text.Shapes["model.visual.patch_embed.proj.weight"] = [4, 24];
        text.Write(other.Path);
        Assert.Equal(50, ModelLoader.Load(other.Path, backend, new ModelLoadOptions()).Info.VocabularySize);
    }

    [Theory]
    [InlineData("linear_num_value_heads", 3, "\"linear_num_value_heads\" is 3, which linear_num_key_heads 2 does not divide")]
    [InlineData("linear_conv_kernel_dim", 0, "\"linear_conv_kernel_dim\" is 0")]
    [InlineData("linear_key_head_dim", 600_000, "more than 1048576 columns")]
    public void AbsurdOptions_AreNamed(string field, int value, string message)
    {
        var reader = TinyModel.Qwen3Next().With(field, value).Reader();
        Assert.Contains(message, Assert.Throws<CheckpointException>(() => DeltaNetConfig.Read(reader, 2)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Layers_AreThoseOfTheList_OrEveryFourthHasFullAttention()
    {
        int[] Read(TinyModel tiny, int layers) => [.. DeltaNetConfig.Read(tiny.Reader(), layers).Layers];

        Assert.Equal([0, 1, 2, 4, 5, 6], Read(TinyModel.Qwen3Next().With("full_attention_interval", null), 8));
        Assert.Equal([0, 2, 4], Read(TinyModel.Qwen3Next(), 5));
        Assert.Equal([1], Read(TinyModel.Qwen3Next().With("layer_types", new JsonArray("full_attention", "linear_attention", "linear_attention")), 2));
        Assert.Contains("names 1 layers; there are 2", Assert.Throws<CheckpointException>(() => Read(TinyModel.Qwen3Next().With("layer_types", new JsonArray("full_attention")), 2)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void MissingSizes_AreThoseOfTheReference()
    {
        var tiny = TinyModel.Qwen3Next();
        foreach (var field in new[] { "linear_num_key_heads", "linear_num_value_heads", "linear_key_head_dim", "linear_value_head_dim", "linear_conv_kernel_dim" })
        {
            tiny.With(field, null);
        }

        Assert.Equal(new KvState(32, 128, 128, 8192, 3), DeltaNetConfig.Read(tiny.Reader(), 4).State);
    }

    [Fact]
    public void OptionsThatAreNotComputed_AreRefused()
    {
        using var source = new ZeroSource();
        using var backend = new ShapeBackend();
        var tiny = TinyModel.Qwen3Next().With("attn_output_gate", false);
        Assert.Contains("attn_output_gate", Assert.Throws<UnsupportedModelException>(() => Qwen3Next.Create(tiny.Reader(), new Checkpoint(source, backend))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Kernels_AreTurned_AndNormsGetTheirOne()
    {
        using var folder = new TemporaryFolder();
        using var backend = Backends.Open("reference");
        new SafetensorsBuilder().Add("conv.weight", [2, 1, 3], 1, 2, 3, 4, 5, 6).Add("norm.weight", [2], -1, 0.5f).Write(Path.Combine(folder.Path, "model.safetensors"));
        var checkpoint = new Checkpoint(SafetensorsSource.Open(folder.Path), backend);

        var kernels = checkpoint.At("conv").Kernels("weight", channels: 2, width: 3);
        var norm = checkpoint.At("norm").VectorPlusOne("weight", 2);

        Assert.Equal([1, 4], backend.Ops.ReadRow(kernels, 0).ToArray());
        Assert.Equal([3, 6], backend.Ops.ReadRow(kernels, 2).ToArray());
        Assert.Equal([0, 1.5f], backend.Ops.ReadRow(norm, 0).ToArray());
        Assert.Equal(8, checkpoint.Finish().Parameters);
    }

    private static Dictionary<string, (Func<TinyModel> Model, Func<SafetensorsSource, PlainDecoder> Plain)> Models { get; } = new()
    {
        ["qwen3 next"] = (() => TinyModel.Qwen3Next(), weights => Next(weights, 2, 4, normalize: true)),
        ["qwen3 next, weights as they are, tied"] = (() => TinyModel.Qwen3Next().With("norm_topk_prob", false).Tied(), weights => Next(weights, 2, 4, normalize: false)),
        ["qwen3 next, no shared expert"] = (() => TinyModel.Qwen3Next(shared: 0), weights => Next(weights, 2, 4, normalize: true)),
        ["qwen3 next, as many value heads as key heads, kernel of 2"] = (() => TinyModel.Qwen3Next(3, 3, 2), weights => Next(weights, 3, 3, normalize: true)),
        ["qwen3 next, one key head, kernel of 1"] = (() => TinyModel.Qwen3Next(1, 5, 1), weights => Next(weights, 1, 5, normalize: true)),
        ["qwen3 next, kernel longer than the prompt"] = (() => TinyModel.Qwen3Next(2, 6, 30), weights => Next(weights, 2, 6, normalize: true)),
        ["qwen3.5"] = (TinyModel.Qwen35, Dense),
        ["qwen3.5 tied"] = (() => TinyModel.Qwen35().Tied(), Dense),
        ["qwen3.5 experts"] = (TinyModel.Qwen35Experts, weights => Next(weights, 1, 3, normalize: true)),
    };

    private static PlainDecoder Next(SafetensorsSource weights, int keyHeads, int valueHeads, bool normalize) => new(weights, 2, 8, 10000)
    {
        RotatedColumns = 4, ZeroCentered = true, Gated = true, DeltaShape = (keyHeads, valueHeads, 6, 10), Routing = new(2, ExpertScore.Softmax, 1, 1, ExpertGroupScore.Best, normalize, 1),
    };

    private static PlainDecoder Dense(SafetensorsSource weights) => new(weights, 2, 8, 10000)
    {
        RotatedColumns = 4, ZeroCentered = true, Gated = true, DeltaShape = (1, 3, 6, 10),
    };
}

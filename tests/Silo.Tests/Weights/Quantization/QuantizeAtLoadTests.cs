using XLLM.NativeBackends.Ops;
using XLLM.NativeBackends.Reference;
using XLLM.Silo.Models;
using XLLM.Silo.Tests.Models;
using XLLM.Silo.Weights;
using XLLM.Silo.Weights.Quantization;

namespace XLLM.Silo.Tests.Weights.Quantization;

public sealed class QuantizeAtLoadTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly ReferenceBackend _backend = new();

    public void Dispose()
    {
        _backend.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Weights_AreHalfAStepAway_OrOneWhereTheZeroWasRounded(int to)
    {
        const int Rows = 9;
        const int Columns = 75;         // two groups and a part
        var random = new Random(3);
        var values = Enumerable.Range(0, Rows * Columns).Select(i => i < Columns ? 0 : i < 2 * Columns ? random.NextSingle() : (random.NextSingle() * 2) - 1).ToArray();
        var plain = new HostWeight("w", WeightFormat.F32, Rows, Columns, ((ReadOnlySpan<float>)values).AsHostTensor("w") with { Shape = [Rows, Columns] });

        var rounded = to == 0 ? QuantizeAtLoad.ToInt8(plain) : QuantizeAtLoad.ToInt4(plain);

        var actual = Read(_backend.ImportWeight(rounded));
        for (var row = 0; row < Rows; row++)
        {
            foreach (var group in Enumerable.Range(0, Columns).GroupBy(column => to == 0 ? 0 : column / 32))
            {
                var expected = group.Select(column => values[(row * Columns) + column]).ToArray();
                var step = to == 0 ? expected.Max(Math.Abs) / 127 : (Math.Max(0, expected.Max()) - Math.Min(0, expected.Min())) / 15;
                Assert.All(group.Zip(expected), pair => Assert.InRange(Math.Abs(actual[(row * Columns) + pair.First] - pair.Second), 0, (step * (to == 0 ? 0.5001f : 1.0001f)) + 1e-9f));
            }
        }
    }

    [Fact]
    public void SchemeOf_LeavesRoutersPlain_AndKeepsTablesAndHeadsInBytes()
    {
        var builder = new SafetensorsBuilder();
        var random = new Random(1);
        string[] modules = ["model.embed_tokens", "lm_head", "model.layers.0.mlp.gate", "model.layers.0.mlp.gate_proj", "model.layers.0.mlp.shared_expert_gate"];
        foreach (var module in modules)
        {
            builder.AddRandom(random, $"{module}.weight", 4, 64);
        }

        builder.AddRandom(random, "narrow.weight", 4, 16);
        builder.Write(_folder.File("model.safetensors"));
        var checkpoint = new Checkpoint(SafetensorsSource.Open(_folder.Path), _backend, quantization: new QuantizeAtLoad(DenseScheme.Instance, QuantizeTo.Int4));

        var formats = modules.Select(module => checkpoint.At(module).Matrix("weight", 4, 64).Format).ToArray();

        Assert.Equal([WeightFormat.I8, WeightFormat.I8, WeightFormat.F32, WeightFormat.I4, WeightFormat.F32], formats);
        Assert.Equal(WeightFormat.F32, checkpoint.At("narrow").Matrix("weight", 4, 16).Format);
    }

    [Fact]
    public void Load_RefusesToRoundTwice()
    {
        TinyModel.Llama().With("quantization_config", new System.Text.Json.Nodes.JsonObject { ["quant_method"] = "gptq", ["bits"] = 4, ["group_size"] = 32 }).Write(_folder.Path);

        var exception = Assert.Throws<UnsupportedModelException>(() => ModelLoader.Load(_folder.Path, _backend, new ModelLoadOptions { Quantize = QuantizeTo.Int8 }));

        Assert.Contains("these weights are quantized already", exception.Message, StringComparison.Ordinal);
    }

    private float[] Read(Weight weight)
    {
        var table = _backend.Ops.Embedding(_backend.Ops.Integers([.. Enumerable.Range(0, weight.Rows)]), weight);
        return [.. Enumerable.Range(0, weight.Rows).SelectMany(row => _backend.Ops.ReadRow(table, row).ToArray())];
    }
}

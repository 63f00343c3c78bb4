using XLLM.NativeBackends.Reference;
using XLLM.Silo.Hosting.Verification;
using XLLM.Silo.Models;
using XLLM.Silo.Weights;
using XLLM.Testing;

namespace XLLM.Silo.Tests.Models;

public sealed class ModelLoaderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly ReferenceBackend _backend = new();

    public void Dispose()
    {
        _backend.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void Load_TellsWhatTheModelIs()
    {
        TinyModel.Qwen3().Write(_folder.Path);
        File.WriteAllText(_folder.File("generation_config.json"), """{"eos_token_id":[2,7],"do_sample":true,"temperature":0.6,"top_p":0.95,"top_k":20,"min_p":null}""");

        var info = ModelLoader.Load(_folder.Path, _backend, new ModelLoadOptions()).Info;

        Assert.Equal(("Qwen3ForCausalLM", "tiny", 256, 50), (info.Architecture, info.ModelType, info.ContextLength, info.VocabularySize));
        Assert.Equal([2, 7], info.EosTokenIds);
        Assert.Equal(new GenerationDefaults { DoSample = true, Temperature = 0.6, TopP = 0.95, TopK = 20 }, info.Generation);
        Assert.Equal(TinyModel.Qwen3().Shapes.Values.Sum(shape => shape.Aggregate(1L, (product, dimension) => product * dimension)), info.Parameters);
        Assert.Equal(4 * info.Parameters, info.WeightBytes);
    }

    [Fact]
    public void Load_ReportsProgress_UpToAllOfIt()
    {
        TinyModel.Llama().Write(_folder.Path);

        var seen = ProgressOf(_folder.Path);

        Assert.Equal(Enumerable.Range(1, seen.Count), seen.Select(progress => progress.Tensors));
        Assert.Equal(seen[^1].TotalTensors, seen[^1].Tensors);
        Assert.Equal(seen[^1].TotalBytes, seen[^1].Bytes);
    }

    [Fact]
    public void Load_ReadsTheDemoModel()
    {
        var info = ModelLoader.Load(Paths.DemoModel, _backend, new ModelLoadOptions()).Info;

        Assert.Equal(("Qwen3ForCausalLM", 4096, 4096, 7_345_408), (info.Architecture, info.ContextLength, info.VocabularySize, info.Parameters));
        Assert.Equal([2833], info.EosTokenIds);
    }

    [Fact]
    public void Load_NamesTheFault_OfEveryDamagedFolder()
    {
        Assert.Contains("no such folder; give a model folder", Fault(_folder.File("nowhere")), StringComparison.Ordinal);
        Assert.Contains("no config.json; give a model folder", Fault(_folder.Path), StringComparison.Ordinal);

        File.WriteAllText(_folder.File("config.json"), "{\"architectures\":");
        Assert.Contains("config.json: is not valid JSON", Fault(_folder.Path), StringComparison.Ordinal);

        TinyModel.Llama().With("architectures", null).Write(_folder.Path);
        Assert.Contains("\"architectures\" is missing or empty; expected one of: DeepseekV2ForCausalLM, ", Fault(_folder.Path), StringComparison.Ordinal);

        TinyModel.Llama().With("eos_token_id", 50).Write(_folder.Path);
        Assert.Contains("\"eos_token_id\" is 50, but the vocabulary has 50 tokens", Fault(_folder.Path), StringComparison.Ordinal);

        TinyModel.Llama().With("hidden_size", 32).Write(_folder.Path);
        Assert.Contains("\"model.embed_tokens.weight\" is [50, 24], but config.json makes it [50, 32]", Fault(_folder.Path), StringComparison.Ordinal);

        TinyModel.Llama().With("num_hidden_layers", 3).Write(_folder.Path);
        Assert.Contains("\"model.layers.2.self_attn.q_proj.weight\" [32, 24] is missing", Fault(_folder.Path), StringComparison.Ordinal);

        TinyModel.Llama().With("num_hidden_layers", 1).Write(_folder.Path);
        Assert.Contains("9 tensors are left over after the model took its 12", Fault(_folder.Path), StringComparison.Ordinal);

        TinyModel.Llama(attentionBias: true).With("attention_bias", false).Write(_folder.Path);
        Assert.Contains("\"model.layers.0.self_attn.k_proj.bias\"", Fault(_folder.Path), StringComparison.Ordinal);

        File.Delete(_folder.File("model.safetensors"));
        Assert.Contains("no weights", Fault(_folder.Path), StringComparison.Ordinal);
    }

    [Fact]
    public void Load_SaysWhatIsSupported_WhenTheModelIsNot()
    {
        TinyModel.Llama().With("architectures", new System.Text.Json.Nodes.JsonArray("MambaForCausalLM")).Write(_folder.Path);
        Assert.Contains(
            "architecture \"MambaForCausalLM\" is not supported; supported: DeepseekV2ForCausalLM, ",
            Assert.Throws<UnsupportedModelException>(() => Load(_folder.Path)).Message,
            StringComparison.Ordinal);

        TinyModel.Llama().With("quantization_config", new System.Text.Json.Nodes.JsonObject { ["quant_method"] = "bitsandbytes" }).Write(_folder.Path);
        Assert.Contains("\"quantization_config.quant_method\" is \"bitsandbytes\": not supported; supported: fp8, compressed-tensors, gptq, awq", Assert.Throws<UnsupportedModelException>(() => Load(_folder.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_TakesShards_LikeOneFile()
    {
        var tiny = TinyModel.Qwen3();
        tiny.Write(_folder.Path);
        var whole = Logits(_folder.Path);
        var (first, second) = (new Weights.SafetensorsBuilder(), new Weights.SafetensorsBuilder());
        var source = SafetensorsSource.Open(_folder.Path);
        var map = new System.Text.Json.Nodes.JsonObject();
        foreach (var (name, shape) in tiny.Shapes)
        {
            var shard = map.Count % 2 == 0 ? first : second;
            shard.Add(name, shape, source.Find(name, shape)!.ToFloats());
            map[name] = shard == first ? "model-1.safetensors" : "model-2.safetensors";
        }

        File.Delete(_folder.File("model.safetensors"));
        first.Write(_folder.File("model-1.safetensors"));
        second.Write(_folder.File("model-2.safetensors"));
        File.WriteAllText(_folder.File("model.safetensors.index.json"), new System.Text.Json.Nodes.JsonObject { ["weight_map"] = map }.ToJsonString());

        Assert.Equal(whole, Logits(_folder.Path));
    }

    [Fact]
    public void Load_IgnoresATiedHeadThatIsWrittenTwice()
    {
        TinyModel.Llama().With("tie_word_embeddings", true).Write(_folder.Path);

        Assert.Equal(TinyModel.Llama().Tied().Shapes.Count, ProgressOf(_folder.Path)[^1].Tensors);
    }

    [Fact]
    public void Load_MakesRandomWeights_ForAConfigAlone()
    {
        File.WriteAllText(_folder.File("some.config.json"), TinyModel.Qwen2().Config.ToJsonString());
        var options = new ModelLoadOptions { Format = LoadFormat.Dummy, Seed = 5 };

        var loaded = ModelLoader.Load(_folder.File("some.config.json"), _backend, options);

        using var runner = new ModelRunner(_backend, loaded.Model, sequences: 1, tokens: 16);
        var logits = runner.Step(runner.Start(), new[] { 1, 2, 3 });
        Assert.All(logits, value => Assert.True(float.IsFinite(value)));
        Assert.True(logits.Distinct().Count() > 100, "random weights give different logits");
        Assert.Equal(2 * loaded.Info.Parameters, loaded.Info.WeightBytes);
    }

    private LoadedModel Load(string path) => ModelLoader.Load(path, _backend, new ModelLoadOptions());

    private List<LoadProgress> ProgressOf(string path)
    {
        var seen = new List<LoadProgress>();
        ModelLoader.Load(path, _backend, new ModelLoadOptions(), new Recorder(seen));
        return seen;
    }

    private string Fault(string path) => Assert.Throws<CheckpointException>(() => Load(path)).Message;

    private float[] Logits(string path)
    {
        using var runner = new ModelRunner(_backend, Load(path).Model, sequences: 1, tokens: 16);
        return runner.Step(runner.Start(), new[] { 1, 2, 3, 4 });
    }

    private sealed class Recorder(List<LoadProgress> seen) : IProgress<LoadProgress>
    {
        public void Report(LoadProgress value) => seen.Add(value);
    }
}

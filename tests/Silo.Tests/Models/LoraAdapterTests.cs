using System.Text.Json.Nodes;
using XLLM.Silo.Hosting.Verification;
using XLLM.Silo.Models;
using XLLM.Silo.Models.Adapters;
using XLLM.Silo.Tests.Weights;
using XLLM.Silo.Weights;

namespace XLLM.Silo.Tests.Models;

/// <summary>LoRA adapters beside a tiny model: who uses which is decided row by row, and changes no bit of the others.</summary>
public sealed class LoraAdapterTests : IDisposable
{
    private const string Query = "model.layers.0.self_attn.q_proj";
    private const string Down = "model.layers.1.mlp.down_proj";

    private static readonly int[] Prompt = [3, 1, 4, 15, 9, 2, 6];

    private readonly TemporaryFolder _folder = new();

    public LoraAdapterTests() => TinyModel.Llama().Write(_folder.Path);

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Backends.Present), MemberType = typeof(Backends))]
    public void RowsOfOneStep_UseTheirOwnAdapters_BitForBit(string backendName)
    {
        using var backend = Backends.Open(backendName);
        var model = ModelLoader.Load(_folder.Path, backend, new ModelLoadOptions());
        var first = LoraAdapter.Read(Write("first", seed: 1, rank: 4, alpha: 8));
        var second = LoraAdapter.Read(Write("second", seed: 2, rank: 3, alpha: 40));
        using var runner = new ModelRunner(backend, model.Model, sequences: 3, tokens: 16) { Adapters = model.Adapters };
        var alone = Logits(runner, null);
        model.Adapters.Load(first);
        model.Adapters.Load(second);
        var withFirst = Logits(runner, first);
        var withSecond = Logits(runner, second);

        LoraAdapter?[] order = [second, null, first];
        var sequences = order.Select(adapter => { runner.Adapter = adapter; return runner.Start(); }).ToArray();
        var together = runner.Step([.. sequences.Select(sequence => new RunnerGrant(sequence, Prompt))]);
        Array.ForEach(sequences, runner.Release);

        Assert.Equal([.. withSecond, .. alone, .. withFirst], together);
        Assert.NotEqual(alone, withFirst);
        Assert.NotEqual(withFirst, withSecond);
        Assert.Equal(alone, Logits(runner, null));
    }

    [Theory]
    [MemberData(nameof(Backends.Present), MemberType = typeof(Backends))]
    public void ADecodeInSteps_GivesTheLogitsOfTheWhole(string backendName)
    {
        using var backend = Backends.Open(backendName);
        var model = ModelLoader.Load(_folder.Path, backend, new ModelLoadOptions());
        var adapter = LoraAdapter.Read(Write("one", seed: 1, rank: 4, alpha: 8));
        model.Adapters.Load(adapter);
        using var runner = new ModelRunner(backend, model.Model, sequences: 2, tokens: 16) { Adapters = model.Adapters, Adapter = adapter };

        var sequence = runner.Start();
        float[] steps = [.. Enumerable.Range(0, Prompt.Length).SelectMany(i => runner.Step(sequence, Prompt.AsMemory(i, 1)))];

        Assert.Equal(Logits(runner, adapter), steps);
    }

    [Fact]
    public void Unload_LeavesTheBaseModel_AndForgetsTheAdapter()
    {
        using var backend = Backends.Open("reference");
        var model = ModelLoader.Load(_folder.Path, backend, new ModelLoadOptions());
        using var runner = new ModelRunner(backend, model.Model, sequences: 1, tokens: 16) { Adapters = model.Adapters };
        var adapter = LoraAdapter.Read(Write("one", seed: 1, rank: 4, alpha: 8));
        var before = Logits(runner, null);
        model.Adapters.Load(adapter);
        model.Adapters.Load(adapter);       // a second time is nothing new
        Assert.Equal(1, model.Adapters.Count);

        model.Adapters.Unload(adapter);

        Assert.Equal(0, model.Adapters.Count);
        Assert.Equal(before, Logits(runner, null));
        Assert.Contains("is not loaded", Assert.Throws<ArgumentException>(() => Logits(runner, adapter)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Use_RefusesRows_OutsideTheStep()
    {
        using var backend = Backends.Open("reference");
        var model = ModelLoader.Load(_folder.Path, backend, new ModelLoadOptions());
        var adapter = LoraAdapter.Read(Write("one", seed: 1, rank: 4, alpha: 8));
        model.Adapters.Load(adapter);

        Assert.Contains("rows 3 to 9 of an adapter are not in a step of 8", Assert.Throws<ArgumentException>(() => model.Adapters.Use([new(adapter, 3, 6)], 8)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_NamesAllFaults_OfAnAdapterForAnotherModel()
    {
        using var backend = Backends.Open("reference");
        var model = ModelLoader.Load(_folder.Path, backend, new ModelLoadOptions());
        var folder = _folder.File("other");
        WriteFactors(folder, new() { ["r"] = 2, ["lora_alpha"] = 2, ["peft_type"] = "LORA" },
            ("model.layers.7.self_attn.q_proj", 24, 32, 2), (Query, 25, 32, 2), ("lm_head", 24, 50, 2), (Down, 40, 24, 2));

        var message = Assert.Throws<CheckpointException>(() => model.Adapters.Load(LoraAdapter.Read(folder))).Message;

        Assert.Contains("no linear layer \"model.layers.7.self_attn.q_proj\"", message, StringComparison.Ordinal);
        Assert.Contains($"\"{Query}\" goes from 25 to 32 columns, in the model from 24 to 32", message, StringComparison.Ordinal);
        Assert.Contains("no linear layer \"lm_head\" that an adapter may add to", message, StringComparison.Ordinal);
        Assert.DoesNotContain(Down, message, StringComparison.Ordinal);
        Assert.Equal(0, model.Adapters.Count);
    }

    [Theory]
    [InlineData("""{"peft_type":"LOHA"}""", "\"peft_type\" is \"LOHA\"; supported: LORA")]
    [InlineData("""{"use_dora":true}""", "\"use_dora\" is set")]
    [InlineData("""{"bias":"all"}""", "\"bias\" is \"all\"; supported: none")]
    [InlineData("""{"fan_in_fan_out":true}""", "\"fan_in_fan_out\" is set")]
    [InlineData("""{"modules_to_save":["lm_head"]}""", "\"modules_to_save\" is set")]
    [InlineData("""{"layer_replication":[[0,2]]}""", "\"layer_replication\" is set")]
    [InlineData("""{"something_new":3}""", "\"something_new\" is set, and is not known")]
    [InlineData("""{"init_lora_weights":"pissa_niter_4"}""", "\"init_lora_weights\" is \"pissa_niter_4\"")]
    [InlineData("""{"rank_pattern":{"^model.*q_proj$":4}}""", "is an expression")]
    [InlineData("""{"r":0}""", "\"r\" is 0; expected a number from 1")]
    [InlineData("""{"lora_alpha":null}""", "\"lora_alpha\" is missing")]
    [InlineData("""{"target_modules":["q_proj","down_proj","v_proj"]}""", "names the target \"v_proj\", which has no tensors")]
    [InlineData("""{"target_modules":["q_proj"]}""", "is not among the targets of adapter_config.json (q_proj)")]
    [InlineData("""{"r":5}""", "gives it rank 5")]
    public void Read_RefusesWhatWouldBeComputedWrongly(string fields, string expected)
    {
        var folder = Write("bad", seed: 1, rank: 4, alpha: 8, JsonNode.Parse(fields)!.AsObject());

        Assert.Contains(expected, Assert.ThrowsAny<CheckpointException>(() => LoraAdapter.Read(folder)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_SaysSo_WhenTensorsAreMissingStrangeOrNotFinite()
    {
        var folder = Write("bad", seed: 1, rank: 4, alpha: 8);
        var builder = new SafetensorsBuilder()
            .Add($"base_model.model.{Query}.lora_A.weight", [4, 24], new float[96])
            .Add($"base_model.model.{Down}.lora_A.weight", [4, 40], [float.NaN, .. new float[159]])
            .Add($"base_model.model.{Down}.lora_B.weight", [24, 4], new float[96])
            .Add("base_model.model.lm_head.weight", [1], 1);
        builder.Write(Path.Combine(folder, "adapter_model.safetensors"));

        var message = Assert.Throws<CheckpointException>(() => LoraAdapter.Read(folder)).Message;

        Assert.Contains($"tensor \"base_model.model.{Query}.lora_B.weight\" is missing", message, StringComparison.Ordinal);
        Assert.Contains("holds NaN or infinity at element 0", message, StringComparison.Ordinal);
        Assert.Contains("\"base_model.model.lm_head.weight\" is no factor", message, StringComparison.Ordinal);
        Assert.Contains("no adapter_model.safetensors", Assert.Throws<CheckpointException>(() => { File.Delete(Path.Combine(folder, "adapter_model.safetensors")); LoraAdapter.Read(folder); }).Message, StringComparison.Ordinal);
        Assert.Contains("no adapter_config.json", Assert.Throws<CheckpointException>(() => LoraAdapter.Read(_folder.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Scale_FollowsRankAlphaAndPatterns()
    {
        Assert.All(LoraAdapter.Read(Write("plain", 1, rank: 4, alpha: 8)).Products, product => Assert.Equal(2, product.Scale));
        Assert.All(LoraAdapter.Read(Write("root", 1, rank: 4, alpha: 8, new() { ["use_rslora"] = true })).Products, product => Assert.Equal(4, product.Scale));
        var patterns = LoraAdapter.Read(Write("patterns", 1, rank: 4, alpha: 8, new() { ["r"] = 7, ["rank_pattern"] = new JsonObject { ["q_proj"] = 4, ["mlp.down_proj"] = 4 }, ["alpha_pattern"] = new JsonObject { ["down_proj"] = 2 } }));
        Assert.Equal([2, 0.5f], patterns.Products.Select(product => product.Scale));
    }

    private static float[] Logits(ModelRunner runner, LoraAdapter? adapter)
    {
        runner.Adapter = adapter;
        var sequence = runner.Start();
        var logits = runner.Step(sequence, Prompt);
        runner.Release(sequence);
        return logits;
    }

    private string Write(string name, int seed, int rank, int alpha, JsonObject? changes = null)
    {
        var config = new JsonObject
        {
            ["peft_type"] = "LORA", ["r"] = rank, ["lora_alpha"] = alpha, ["bias"] = "none", ["target_modules"] = new JsonArray("q_proj", "down_proj"),
            ["modules_to_save"] = null, ["use_dora"] = false, ["rank_pattern"] = new JsonObject(), ["lora_dropout"] = 0.1, ["init_lora_weights"] = true,
        };
        foreach (var (field, value) in changes ?? [])
        {
            config[field] = value?.DeepClone();
        }

        WriteFactors(_folder.File(name), config, (Query, 24, 32, rank), (Down, 40, 24, rank));
        return _folder.File(name);

        // The seed alone makes one adapter differ from another.
        void WriteFactors(string folder, JsonObject fields, params (string Module, int Inputs, int Outputs, int Rank)[] modules) => LoraAdapterTests.WriteFactors(folder, fields, seed, modules);
    }

    private static void WriteFactors(string folder, JsonObject config, params (string Module, int Inputs, int Outputs, int Rank)[] modules) => WriteFactors(folder, config, seed: 1, modules);

    private static void WriteFactors(string folder, JsonObject config, int seed, (string Module, int Inputs, int Outputs, int Rank)[] modules)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "adapter_config.json"), config.ToJsonString());
        var random = new Random(seed);
        var builder = new SafetensorsBuilder();
        foreach (var (module, inputs, outputs, rank) in modules)
        {
            builder.AddRandom(random, $"base_model.model.{module}.lora_A.weight", rank, inputs).AddRandom(random, $"base_model.model.{module}.lora_B.weight", outputs, rank);
        }

        builder.Write(Path.Combine(folder, "adapter_model.safetensors"));
    }
}

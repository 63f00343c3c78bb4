using System.Text.Json;
using XLLM.Silo.Hosting.Verification;
using XLLM.Silo.Models;
using XLLM.Silo.Models.Layers;
using XLLM.Silo.Tests.Weights;
using XLLM.Silo.Weights;
using XLLM.Testing;

namespace XLLM.Silo.Tests.Models;

/// <summary>Draft models: the golden cases check their numbers; here published configurations, trained ones, and what is refused.</summary>
public sealed class DraftModelTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string, string, string> Demos => new()
    {
        { "cpu", "moe", "moe" }, { "reference", "moe", "moe" }, { "cpu", "dense", "eagle3" }, { "reference", "dense", "eagle3" },
    };

    public static TheoryData<string, string> Families => Backends.With("deepseek v3", "deepseek v3.2", "glm4 experts", "glm flash");

    public static TheoryData<string> PublishedHeads => Paths.TryShared("data", "configs", "draft-heads") is { } folder
        ? [.. Directory.GetFiles(folder, "*.json").Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal)]
        : ["(missing)"];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("deepseek_v3_mtp")]
    [InlineData("glm4_moe_mtp")]
    [InlineData("qwen3_eagle3")]
    [InlineData("qwen3_lora")]
    public void Verify_PassesTheGoldenCases_WithEverythingRecordedChecked(string name)
    {
        var path = Paths.TryShared("golden", name);
        Assert.SkipWhen(path is null, $"../shared/golden/{name} is missing");
        using var output = new StringWriter();

        Assert.True(VerifyVerb.Run([path!], output, output) == 0, output.ToString());
        Assert.DoesNotContain("not checked", output.ToString(), StringComparison.Ordinal);
        Assert.Contains(name == "qwen3_lora" ? "logits " : "draft logits ", output.ToString(), StringComparison.Ordinal);
    }

    /// <summary>The demo models' README: the MTP layer guesses about 90 % of the target's tokens, the EAGLE-3 head about 82 %. A wrong wiring guesses next to none.</summary>
    [Theory]
    [MemberData(nameof(Demos))]
    public void TrainedDrafts_GuessWhatTheirTargetSays(string backendName, string targetName, string draftName)
    {
        var (targetFolder, draftFolder) = (Paths.TryShared("demo-model", targetName), Paths.TryShared("demo-model", draftName));
        Assert.SkipWhen(targetFolder is null || draftFolder is null, $"../shared/demo-model/{targetName} or {draftName} is missing");
        Assert.SkipUnless(Backends.Present.Any(row => row.Data == backendName), $"backend {backendName} cannot run here");
        using var backend = Backends.Open(backendName);
        var target = ModelLoader.Load(targetFolder!, backend, new ModelLoadOptions());
        var draft = DraftLoader.Load(draftFolder!, target, backend, new ModelLoadOptions()).Model;
        using var runner = new ModelRunner(backend, target.Model, sequences: 1, tokens: 640);
        using var drafts = new DraftRunner(backend, draft, runner, sequences: 1, tokens: 640);
        using var reference = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(targetFolder!, "reference.json")));
        var (guessed, asked) = (0, 0);

        foreach (var answer in reference.RootElement.EnumerateArray())
        {
            var prompt = Integers(answer, "prompt_ids");
            int[] tokens = [.. prompt, .. Integers(answer, "greedy_ids")];
            var logits = drafts.Run([tokens], tokens.Length)[0].Logits;
            for (var row = prompt.Length - 1; row + 2 < tokens.Length; row++, asked++)
            {
                var scores = logits.GetRange(row * draft.VocabularySize, draft.VocabularySize);
                guessed += draft.TargetToken(scores.IndexOf(scores.Max())) == tokens[row + 2] ? 1 : 0;
            }
        }

        Assert.InRange(asked, 250, int.MaxValue);
        Assert.True(guessed >= 0.7 * asked, $"{guessed} of {asked} tokens guessed");
    }

    /// <summary>Every family that has a draft layer, with random weights: also those without a golden case. What is not in the folder is the target's.</summary>
    [Theory]
    [MemberData(nameof(Families))]
    public void RandomDrafts_RunInChunks_LikeTheWhole(string backendName, string family)
    {
        var tiny = family switch
        {
            "deepseek v3" => TinyModel.Latent("DeepseekV3ForCausalLM", 14, bias: true, shared: 1, []),
            "deepseek v3.2" => TinyModel.Sparse("DeepseekV32ForCausalLM", most: 4),
            "glm4 experts" => TinyModel.Glm4Experts(headNorms: true, bias: true),
            _ => TinyModel.Latent("Glm4MoeLiteForCausalLM", 14, bias: true, shared: 1, []),
        };
        var config = _folder.File("config.json");
        File.WriteAllText(config, tiny.With("num_nextn_predict_layers", 1).Config.ToJsonString());
        var options = new ModelLoadOptions { Format = LoadFormat.Dummy, Seed = 3 };
        using var backend = Backends.Open(backendName);
        var target = ModelLoader.Load(config, backend, options);
        var draft = DraftLoader.Load(config, target, backend, options).Model;
        using var runner = new ModelRunner(backend, target.Model, sequences: 1, tokens: 40);
        using var drafts = new DraftRunner(backend, draft, runner, sequences: 1, tokens: 40);
        int[] prompt = [.. Enumerable.Range(3, 37)];

        var whole = drafts.Run([prompt], 37)[0];
        var chunks = drafts.Run([prompt], 7)[0];

        Assert.Equal(36 * 50, whole.Logits.Count);
        Assert.All(whole.Logits, logit => Assert.True(float.IsFinite(logit)));
        Assert.Equal(whole.Hidden, chunks.Hidden);
        Assert.Equal(whole.Logits, chunks.Logits);
    }

    [Theory]
    [MemberData(nameof(PublishedHeads))]
    public void PublishedHeads_BuildAndRun_OrAreRefusedWithTheReason(string file)
    {
        if (Paths.TryShared("data", "configs", "draft-heads", file) is not { } path)
        {
            Assert.Skip("../shared/data/configs/draft-heads is missing");
            return;
        }

        var reason = ModelConfigReader.Load(path).Texts("architectures")[0] == "LlamaForCausalLMEagle3" ? file switch
        {
            "qwen3-30B-A3B-eagle3.1.json" => "\"fc_norm\" is true, which is not supported",
            "qwen2-5-vl-7b-eagle3.json" or "qwen2.5-vl-32b-eagle3.json" => "\"mrope\"; supported: default",
            _ => null,
        } : "has no draft model that is supported; supported: ";
        using var source = new ZeroSource();
        using var backend = new ShapeBackend();

        if (reason is not null)
        {
            Assert.Contains(reason, Assert.Throws<UnsupportedModelException>(Create).Message, StringComparison.Ordinal);
            return;
        }

        var draft = Create();
        var group = Assert.Single(draft.KvLayout.Groups);
        Assert.Equal([0], group.Layers);
        Assert.Equal(3, draft.TargetLayers.Count);
        Assert.InRange(draft.VocabularySize, 16_000, 32_000);

        IDraftModel Create()
        {
            var reader = ModelConfigReader.Load(path);
            var checkpoint = new Checkpoint(source, backend, MatrixCheck.Sampled);
            return DraftRegistry.Find(reader.Texts("architectures")[0], path)(reader, checkpoint, new StubTarget(reader, checkpoint));
        }
    }

    [Fact]
    public void Load_RefusesADraft_ThatIsNotThere_OrBelongsToAnotherTarget()
    {
        var tiny = TinyModel.Latent("DeepseekV3ForCausalLM", 14, bias: true, shared: 1, []);
        tiny.Write(_folder.Path);
        using var backend = Backends.Open("reference");
        var target = ModelLoader.Load(_folder.Path, backend, new ModelLoadOptions());

        Assert.Contains("this checkpoint has no draft layer", Fault("num_nextn_predict_layers", 1), StringComparison.Ordinal);
        Assert.Contains("\"num_nextn_predict_layers\" is 2; one draft layer is supported", Fault("num_nextn_predict_layers", 2), StringComparison.Ordinal);
        Assert.Contains("\"hidden_size\" is 32, but the target's is 24", Fault("hidden_size", 32), StringComparison.Ordinal);
        Assert.Contains("\"vocab_size\" is 51, but the target's is 50", Fault("vocab_size", 51), StringComparison.Ordinal);

        string Fault(string field, int value)
        {
            using var changed = new TemporaryFolder();
            TinyModel.Latent("DeepseekV3ForCausalLM", 14, bias: true, shared: 1, []).With(field, value).Write(changed.Path);
            return Assert.ThrowsAny<CheckpointException>(() => DraftLoader.Load(changed.Path, target, backend, new ModelLoadOptions())).Message;
        }
    }

    [Theory]
    [InlineData("d2t", 3, 50, "\"d2t\" makes draft token 3 the target's token 53")]
    [InlineData("d2t", 0, -1, "\"d2t\" makes draft token 0 the target's token -1")]
    [InlineData("eagle_config", 0, 0, "is [1, 1]; they must ascend and be below the target's 2 layers")]
    [InlineData("num_hidden_layers", 0, 0, "is 2; EAGLE-3 heads of one layer")]
    [InlineData("norm_output", 0, 0, "\"norm_output\" is true")]
    public void Load_RefusesAHead_ThatSaysWhatCannotBe(string what, int draftToken, long offset, string expected)
    {
        using var backend = Backends.Open("reference");
        using var targetFolder = new TemporaryFolder();
        TinyModel.Llama().Write(targetFolder.Path);
        var target = ModelLoader.Load(targetFolder.Path, backend, new ModelLoadOptions());
        WriteHead(_folder.Path, what, draftToken, offset);

        Assert.Contains(expected, Assert.ThrowsAny<CheckpointException>(() => DraftLoader.Load(_folder.Path, target, backend, new ModelLoadOptions())).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void States_MustAllHaveBeenShown()
    {
        var capture = new StateCapture([0, 5]);
        capture.Begin();

        Assert.Contains("0 of the 2", Assert.Throws<InvalidOperationException>(() => capture.States).Message, StringComparison.Ordinal);
        Assert.True(capture.Wants(0));
        Assert.False(capture.Wants(5));
    }

    private static void WriteHead(string folder, string what, int draftToken, long offset)
    {
        var config = TinyModel.Llama().With("draft_vocab_size", 20).With("num_hidden_layers", what == "num_hidden_layers" ? 2 : 1).With("norm_output", what == "norm_output").Config;
        config["architectures"] = new System.Text.Json.Nodes.JsonArray("LlamaForCausalLMEagle3");
        config["eagle_config"] = System.Text.Json.Nodes.JsonNode.Parse($$"""{"eagle_aux_hidden_state_layer_ids":[{{(what == "eagle_config" ? "1,1" : "0,1")}}]}""");
        File.WriteAllText(Path.Combine(folder, "config.json"), config.ToJsonString());
        var random = new Random(1);
        var offsets = new long[20];
        offsets[draftToken] = what == "d2t" ? offset : 0;
        var builder = new SafetensorsBuilder().Add("d2t", "I64", [20], [.. offsets.SelectMany(BitConverter.GetBytes)]);
        foreach (var (name, shape) in (Dictionary<string, int[]>)new()
        {
            ["fc.weight"] = [24, 48], ["norm.weight"] = [24], ["lm_head.weight"] = [20, 24], ["midlayer.hidden_norm.weight"] = [24], ["midlayer.input_layernorm.weight"] = [24],
            ["midlayer.post_attention_layernorm.weight"] = [24], ["midlayer.self_attn.q_proj.weight"] = [32, 48], ["midlayer.self_attn.k_proj.weight"] = [16, 48],
            ["midlayer.self_attn.v_proj.weight"] = [16, 48], ["midlayer.self_attn.o_proj.weight"] = [24, 32], ["midlayer.mlp.gate_proj.weight"] = [40, 24],
            ["midlayer.mlp.up_proj.weight"] = [40, 24], ["midlayer.mlp.down_proj.weight"] = [24, 40],
        })
        {
            builder.AddRandom(random, name, shape);
        }

        builder.Write(Path.Combine(folder, "model.safetensors"));
    }

    private static int[] Integers(JsonElement of, string name) => [.. of.GetProperty(name).EnumerateArray().Select(id => id.GetInt32())];

    /// <summary>A target of the head's own sizes: its layers are what published heads ask for at most.</summary>
    private sealed class StubTarget(ModelConfigReader head, Checkpoint checkpoint) : IDraftTarget
    {
        public int LayerCount => 94;

        public int HiddenSize { get; } = head.Integer("hidden_size");

        public Embedding Embedding { get; } = new(checkpoint.At("target.embed_tokens"), head.Integer("vocab_size"), head.Integer("hidden_size"));

        public Linear Head { get; } = new(checkpoint.At("target.lm_head"), head.Integer("vocab_size"), head.Integer("hidden_size"));
    }
}

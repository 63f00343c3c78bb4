using XLLM.NativeBackends.Reference;
using XLLM.Silo.Hosting;
using XLLM.Silo.Hosting.Checking;
using XLLM.Silo.Models;
using XLLM.Silo.Tests.Models;
using XLLM.Silo.Tests.Tokenization;
using XLLM.Silo.Tests.Weights;
using XLLM.Silo.Weights;
using XLLM.Testing;

namespace XLLM.Silo.Tests.Hosting.Checking;

/// <summary>The offline check of a model: what it prints, what it finds, and that it reads no weights.</summary>
public sealed class CheckModelTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly StringWriter _output = new();
    private readonly StringWriter _error = new();

    public static TheoryData<string> GoldenCases => Paths.TryShared("golden") is { } folder
        ? [.. Directory.GetDirectories(folder).Where(IsSupported).Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal)]
        : ["(missing)"];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void TheDemoModel_CanBeServed_AndIsDescribed()
    {
        Assert.Equal(0, CheckModel.Run(["--check-model", Paths.DemoModel], _output, _error));

        var report = _output.ToString();
        Assert.Contains("architecture  Qwen3ForCausalLM (qwen3)", report, StringComparison.Ordinal);
        Assert.Contains("parameters    7,345,408 in ", report, StringComparison.Ordinal);
        Assert.Contains("context       4096 tokens", report, StringComparison.Ordinal);
        Assert.Contains("end tokens: 2833", report, StringComparison.Ordinal);
        Assert.Contains("matrices BF16", report, StringComparison.Ordinal);
        Assert.Contains("keys and values 8,192 bytes a token", report, StringComparison.Ordinal);     // 8 layers, keys and values of 2 heads of 64, 4 bytes
        Assert.Contains("tool calls    hermes: the template has \"<tool_call>\"", report, StringComparison.Ordinal);
        Assert.Contains("verdict       can be served", report, StringComparison.Ordinal);
        Assert.DoesNotContain("FAULT", report, StringComparison.Ordinal);
        Assert.DoesNotContain("note", report, StringComparison.Ordinal);
    }

    [Fact]
    public void OtherSwitches_ChangeWhatIsTold()
    {
        Assert.Equal(0, CheckModel.Run([$"--check-model={Paths.DemoModel}", "--kv-cache-type", "bf16", "--quantize", "int4", "--tool-call-parser", "none", "--max-context", "1000"], _output, _error));

        Assert.Contains("keys and values 4,096 bytes a token", _output.ToString(), StringComparison.Ordinal);
        Assert.Contains("matrices I4", _output.ToString(), StringComparison.Ordinal);
        Assert.Contains("for one sequence of 1000", _output.ToString(), StringComparison.Ordinal);
        Assert.Contains("tool calls    none, by option", _output.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2, "--check-model")]
    [InlineData(2, "--check-model", "x", "--threads", "99999")]
    [InlineData(2, "--check-model", "x", "--threads", "many")]
    [InlineData(1, "--check-model", "/nowhere/at/all")]
    public void TheExitCode_TellsArgumentsFromFaults(int expected, params string[] arguments)
    {
        Assert.Equal(expected, CheckModel.Run(arguments, _output, _error));
        Assert.NotEqual("", expected == 2 ? _error.ToString() : _output.ToString());
    }

    [Fact]
    public void EveryFault_IsListed_NotOnlyTheFirst()
    {
        var tiny = TinyModel.Qwen3();
        tiny.Write(_folder.Path);
        var weights = new SafetensorsBuilder();
        var random = new Random(1);
        foreach (var (name, shape) in tiny.Shapes.Where(tensor => tensor.Key != "model.norm.weight"))
        {
            if (name == "lm_head.weight")
            {
                weights.AddRandom(random, name, 51, 24);
            }
            else if (name == "model.layers.0.mlp.up_proj.weight")
            {
                weights.Add(name, "I8", shape, new byte[shape[0] * shape[1]]);
            }
            else
            {
                weights.AddRandom(random, name, shape);
            }
        }

        weights.Add("extra.weight", [1], 1).Write(_folder.File("model.safetensors"));
        File.WriteAllText(_folder.File("tokenizer.json"), "{");

        Assert.Equal(1, CheckModel.Run(["--check-model", _folder.Path], _output, _error));

        var faults = _output.ToString().Split('\n').Where(line => line.StartsWith("FAULT", StringComparison.Ordinal)).ToArray();
        Assert.Equal(5, faults.Length);
        Assert.Contains(faults, fault => fault.Contains("\"model.norm.weight\" [24] is missing", StringComparison.Ordinal));
        Assert.Contains(faults, fault => fault.Contains("\"lm_head.weight\" is [51, 24], but config.json makes it [50, 24]", StringComparison.Ordinal));
        Assert.Contains(faults, fault => fault.Contains("\"model.layers.0.mlp.up_proj.weight\" is I8", StringComparison.Ordinal));
        Assert.Contains(faults, fault => fault.Contains("\"extra.weight\"", StringComparison.Ordinal));
        Assert.Contains(faults, fault => fault.Contains("tokenizer.json", StringComparison.Ordinal));
        Assert.Contains("verdict       cannot be served: 5 faults", _output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void EndTokensThatAreMissing_AreNoted()
    {
        const string Template = "{% for m in messages %}<s>{{ m.role }} {{ m.content }}<e>{% endfor %}";
        TinyModel.Llama().With("vocab_size", 50).Write(_folder.Path);
        File.WriteAllText(_folder.File("tokenizer.json"), TinyTokenizer.ByteLevel().Added(256, "<s>").Added(257, "<e>").Json());
        File.WriteAllText(_folder.File("tokenizer_config.json"), """{"eos_token":"<e>","pad_token":"<nothing>"}""");
        File.WriteAllText(_folder.File("chat_template.jinja"), Template);

        CheckModel.Run(["--check-model", _folder.Path], _output, _error);

        Assert.Contains("the tokenizer's eos_token \"<e>\" (257) is not among those", _output.ToString(), StringComparison.Ordinal);
        Assert.Contains("the chat template ends an answer with \"<e>\" (257), which is not among 2: answers would run on", _output.ToString(), StringComparison.Ordinal);
        Assert.Contains("pad_token \"<nothing>\" is no token", _output.ToString(), StringComparison.Ordinal);
        Assert.Contains("it has 258 tokens, the model 50", _output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Weights_AreNotRead()
    {
        var tiny = TinyModel.Llama();
        tiny.Write(_folder.Path);
        var weights = new SafetensorsBuilder();
        foreach (var (name, shape) in tiny.Shapes)
        {
            weights.Add(name, shape, [.. Enumerable.Repeat(float.NaN, shape.Aggregate(1, (a, b) => a * b))]);
        }

        weights.Write(_folder.File("model.safetensors"));
        using var backend = new ReferenceBackend();

        Assert.Contains("holds NaN", Assert.Throws<CheckpointException>(() => ModelLoader.Load(_folder.Path, backend, new ModelLoadOptions())).Message, StringComparison.Ordinal);
        Assert.Empty(ModelSurvey.Run(_folder.Path, new ModelLoadOptions()).Faults);
    }

    /// <summary>What the survey says of every family and format is what loading finds.</summary>
    [Theory]
    [MemberData(nameof(GoldenCases))]
    public void TheSurvey_AgreesWithLoading(string name)
    {
        if (Paths.TryShared("golden", name) is not { } path)
        {
            Assert.Skip("../shared/golden is missing");
            return;
        }

        using var backend = new ReferenceBackend();
        var survey = ModelSurvey.Run(path, new ModelLoadOptions());
        LoadedModel loaded;
        try
        {
            loaded = ModelLoader.Load(path, backend, new ModelLoadOptions());
        }
        catch (CheckpointException exception)
        {
            Assert.Contains(exception.Message, survey.Faults);
            return;
        }

        Assert.Empty(survey.Faults);
        Assert.Equal(loaded.Info.Parameters, survey.Info!.Parameters);
        Assert.Equal(loaded.Info.EosTokenIds, survey.Info.EosTokenIds);
        Assert.Equal(loaded.Model.KvLayout.Groups.Select(group => (group.Kind, group.KvHeads, group.HeadSize, group.Layers.Count)), survey.KvLayout!.Groups.Select(group => (group.Kind, group.KvHeads, group.HeadSize, group.Layers.Count)));

        // Zero points that turn out to be the format's own are dropped when they are read; no header tells.
        Assert.InRange(loaded.Info.WeightBytes, survey.Info.WeightBytes * 0.9, survey.Info.WeightBytes);
    }

    [Theory]
    [InlineData("Qwen__Qwen3-0.6B", 596_049_920)]
    [InlineData("deepseek-ai__DeepSeek-V3", 671_026_419_200)]
    [InlineData("zai-org__GLM-4.5", 352_797_829_024)]
    public void AConfigurationAlone_TellsSizesAndMemory(string name, long parameters)
    {
        var path = Paths.TryShared("data", "configs", "hf", $"{name}.config.json");
        Assert.SkipWhen(path is null, $"../shared/data/configs/hf/{name}.config.json is missing");

        Assert.True(ModelReport.Write(path!, new SiloOptions(), availableBytes: 1 << 20, TimeProvider.System, _output), _output.ToString());

        Assert.Contains(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"parameters    {parameters:N0} in "), _output.ToString(), StringComparison.Ordinal);
        Assert.Contains("no weights at hand", _output.ToString(), StringComparison.Ordinal);
        Assert.Contains("note          memory: the weights take ", _output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void AGgufFile_IsCheckedAsWell()
    {
        var folder = Paths.TryShared("demo-model", "dense-gguf");
        Assert.SkipWhen(folder is null, "../shared/demo-model/dense-gguf is missing");

        Assert.Equal(0, CheckModel.Run(["--check-model", folder!], _output, _error));
        Assert.Contains("matrices Q8_0", _output.ToString(), StringComparison.Ordinal);
    }

    private static bool IsSupported(string folder) =>
        File.Exists(Path.Combine(folder, "config.json"))
            ? ModelConfigReader.Load(Path.Combine(folder, "config.json")).Texts("architectures") is [var architecture, ..] && ModelRegistry.Architectures.Contains(architecture)
            : Directory.GetFiles(folder, "*.gguf").Length > 0;
}

using XLLM.NativeBackends;
using XLLM.NativeBackends.Reference;
using XLLM.Silo.Hosting.Verification;
using XLLM.Silo.Models;
using XLLM.Silo.Tests.Models;
using XLLM.Silo.Tests.Weights;
using XLLM.Testing;

namespace XLLM.Silo.Tests.Verification;

public sealed class VerifyVerbTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly StringWriter _output = new();
    private readonly StringWriter _error = new();

    private static int BackendsPresent => BackendRegistry.All.Count(entry => entry.Missing() is null);

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("qwen3")]
    [InlineData("llama")]
    [InlineData("qwen2")]
    [InlineData("qwen2_vl")]
    [InlineData("qwen2_5_vl")]
    [InlineData("qwen3_vl")]
    [InlineData("qwen3_vl_moe")]
    [InlineData("glm4v")]
    [InlineData("glm4v_moe")]
    [InlineData("fp8_block_qwen3")]
    [InlineData("fp8_channel_qwen3")]
    [InlineData("int8_w8a8_qwen2")]
    [InlineData("int4_packed_qwen3")]
    [InlineData("gptq_int4_qwen3")]
    [InlineData("gptq_int4_actorder_qwen2")]
    [InlineData("gptq_int8_qwen3")]
    [InlineData("awq_qwen2")]
    [InlineData("gguf_f16_qwen3")]
    [InlineData("gguf_bf16_qwen3")]
    [InlineData("gguf_q8_0_qwen3")]
    [InlineData("gguf_q8_0_llama")]
    [InlineData("gguf_q4_0_qwen3")]
    [InlineData("gguf_q4_k_qwen3")]
    [InlineData("gguf_q5_k_qwen3")]
    [InlineData("gguf_q6_k_qwen3")]
    public void Run_PassesTheGoldenCases_OnEveryBackendPresent(string name)
    {
        var path = Paths.TryShared("golden", name);
        Assert.SkipWhen(path is null, $"../shared/golden/{name} is missing");

        var exit = Run(path!);

        Assert.True(exit == 0, _output.ToString());
        Assert.Equal($"{BackendsPresent} passed, 0 failed, 0 skipped", LastLine());
    }

    [Fact]
    public void Run_SkipsWithAReason_WhatThisBuildDoesNotHave()
    {
        var path = Paths.TryShared("golden");
        Assert.SkipWhen(path is null, "../shared/golden is missing");

        var exit = Run(path!, "--backend", "reference");

        Assert.True(exit == 0, _output.ToString());
        Assert.Matches("^[0-9]+ passed, 0 failed, [0-9]+ skipped$", LastLine());
        Assert.All(Lines().Where(line => line.Contains(" skipped:", StringComparison.Ordinal)), line => Assert.Matches("not supported|no check for what is recorded", line));
    }

    [Fact]
    public void Run_PassesACase_ThatItsOwnReferenceBackendRecorded()
    {
        WriteCase(_folder.File("tiny"), TinyModel.Qwen3());

        Assert.True(Run(_folder.Path) == 0, _output.ToString());
        Assert.Equal($"{BackendsPresent} passed, 0 failed, 0 skipped", LastLine());
        Assert.Contains("logits ", Lines()[0], StringComparison.Ordinal);
        Assert.Contains("hidden ", Lines()[0], StringComparison.Ordinal);
        Assert.Contains("tokens equal", Lines()[0], StringComparison.Ordinal);
        Assert.Contains("invariant bit for bit", Lines()[0], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0.logits", "logits 1.0e0 exceeds 2e-3 at prompt 0 position 2 column 5: ")]
    [InlineData("0.hidden_states", "hidden 1.0e0 exceeds 2e-3 at prompt 0 layer 1 position 1 column 11: ")]
    [InlineData("0.greedy", "greedy differs at prompt 0 token 3: ")]
    public void Run_FailsAndSaysWhere_WhenTheNumbersAreOthers(string changed, string expected)
    {
        WriteCase(_folder.File("tiny"), TinyModel.Llama(), changed);

        Assert.Equal(1, Run(_folder.Path, "--backend", "reference"));
        Assert.Contains(expected, Lines()[0], StringComparison.Ordinal);
        Assert.Contains(" FAILED: ", Lines()[0], StringComparison.Ordinal);
        Assert.Equal("0 passed, 1 failed, 0 skipped", LastLine());
    }

    [Fact]
    public void Run_FailsTheCase_AndGoesOn_WhenAFileIsDamaged()
    {
        WriteCase(_folder.File("a-cut"), TinyModel.Llama());
        WriteCase(_folder.File("b-nan"), TinyModel.Llama());
        WriteCase(_folder.File("c-model-missing"), TinyModel.Llama());
        WriteCase(_folder.File("d-other-vocabulary"), TinyModel.Llama());
        WriteCase(_folder.File("e-whole"), TinyModel.Llama());
        Cut(Path.Combine(_folder.File("a-cut"), "golden.safetensors"));
        var bytes = File.ReadAllBytes(Path.Combine(_folder.File("b-nan"), "model.safetensors"));
        bytes.AsSpan(bytes.Length - 400, 4).Fill(0xFF);
        File.WriteAllBytes(Path.Combine(_folder.File("b-nan"), "model.safetensors"), bytes);
        File.Delete(Path.Combine(_folder.File("c-model-missing"), "model.safetensors"));
        WriteGolden(_folder.File("d-other-vocabulary"), [1, 2, 49, 50]);

        Assert.Equal(1, Run(_folder.Path, "--backend=reference"));

        var lines = Lines();
        Assert.Contains("is it cut off?", lines[0], StringComparison.Ordinal);
        Assert.Contains("holds NaN or infinity at element", lines[1], StringComparison.Ordinal);
        Assert.Contains("is missing", lines[2], StringComparison.Ordinal);
        Assert.Contains("token 50 is not in the vocabulary of 50", lines[3], StringComparison.Ordinal);
        Assert.Contains(" passed: ", lines[4], StringComparison.Ordinal);
        Assert.Equal("1 passed, 4 failed, 0 skipped", lines[5]);
    }

    [Fact]
    public void Run_NeverCrashes_WhateverBytesOfACaseAreDamaged()
    {
        var random = new Random(3);
        var folder = _folder.File("tiny");
        WriteCase(folder, TinyModel.Qwen3());
        var files = Directory.GetFiles(folder).ToDictionary(path => path, File.ReadAllBytes);
        for (var round = 0; round < 150; round++)
        {
            var (path, whole) = files.ElementAt(random.Next(files.Count));
            var damaged = whole.ToArray();
            damaged[random.Next(Math.Min(damaged.Length, 2000))] = (byte)random.Next(256);
            File.Delete(path);                              // replaced, not rewritten: the round before may still have it mapped
            File.WriteAllBytes(path, damaged);

            Assert.InRange(Run(_folder.Path, "--backend", "reference"), 0, 1);

            File.Delete(path);
            File.WriteAllBytes(path, whole);
        }
    }

    [Theory]
    [InlineData("verify: no path given")]
    [InlineData("verify: no such folder: /no/such/folder", "/no/such/folder")]
    [InlineData("verify: unknown option \"--fast\"", "--fast", ".")]
    [InlineData("verify: --backend needs a name", ".", "--backend")]
    [InlineData("verify: backend \"abacus\" is unknown; known: ", ".", "--backend", "abacus")]
    public void Run_ExplainsWrongArguments(string expected, params string[] args)
    {
        Assert.Equal(2, Run(args));
        Assert.StartsWith(expected, _error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Run_IsAnError_WhenThereIsNoCase()
    {
        Assert.Equal(2, Run(_folder.Path));
        Assert.Contains("verify: no case (a folder with a golden.safetensors) under: ", _error.ToString(), StringComparison.Ordinal);
    }

    private int Run(params string[] args)
    {
        _output.GetStringBuilder().Clear();
        return VerifyVerb.Run(args, _output, _error);
    }

    private string[] Lines() => _output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);

    private string LastLine() => Lines()[^1];

    private static void Cut(string path)
    {
        var bytes = File.ReadAllBytes(path);
        File.WriteAllBytes(path, bytes[..^100]);
    }

    /// <summary>A model folder and what the reference backend makes of it, with one number changed.</summary>
    private static void WriteCase(string folder, TinyModel tiny, string? changed = null)
    {
        Directory.CreateDirectory(folder);
        tiny.Write(folder);
        WriteGolden(folder, [7, 3, 11, 19, 2], changed);
    }

    private static void WriteGolden(string folder, int[] prompt, string? changed = null)
    {
        const int Layers = 2;
        const int Hidden = 24;
        const int Vocabulary = 50;
        var inside = prompt.Select(id => Math.Min(id, Vocabulary - 1)).ToArray();
        using var backend = new ReferenceBackend();
        using var runner = new ModelRunner(backend, ModelLoader.Load(folder, backend, new ModelLoadOptions()).Model, sequences: 1, tokens: 64);
        var states = new List<float>();
        var sequence = runner.Start();
        var logits = runner.Step(sequence, inside, (_, layer) => states.AddRange(layer));
        runner.Release(sequence);
        var greedy = GreedyCheck.Continue(runner, inside, 6).ToArray();

        _ = changed switch
        {
            "0.logits" => logits[(2 * Vocabulary) + 5] += 1,
            "0.hidden_states" => states[(((1 * prompt.Length) + 1) * Hidden) + 11] += 1,
            "0.greedy" => greedy[3] ^= 1,
            _ => 0,
        };
        new SafetensorsBuilder()
            .Add("0.input_ids", "I32", [prompt.Length], Bytes(prompt))
            .Add("0.logits", [prompt.Length, Vocabulary], logits)
            .Add("0.hidden_states", [Layers + 1, prompt.Length, Hidden], [.. states])
            .Add("0.greedy", "I32", [greedy.Length], Bytes(greedy))
            .Add("0.greedy_margins", [greedy.Length], [.. greedy.Select(_ => 1f)])
            .Write(Path.Combine(folder, "golden.safetensors"));
    }

    private static byte[] Bytes(int[] values) => [.. values.SelectMany(BitConverter.GetBytes)];
}

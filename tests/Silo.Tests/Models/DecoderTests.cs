using System.Text.Json.Nodes;
using XLLM.Silo.Hosting.Verification;
using XLLM.Silo.Models;
using XLLM.Silo.Weights;

namespace XLLM.Silo.Tests.Models;

/// <summary>Numbers of every family and option against a plain decoder in double precision, on every backend present.</summary>
public sealed class DecoderTests
{
    private static readonly int[] Prompt = [3, 1, 4, 1, 5, 9, 2, 6, 5, 35, 8, 9, 7, 9, 3, 23, 8, 46, 26, 43];

    public static TheoryData<string, string> Cases => Backends.With("llama", "llama with biases", "llama tied", "llama linear", "llama3", "qwen2", "qwen2 yarn", "qwen3", "qwen3 yarn", "qwen3 tied, as transformers 5 writes it");

    [Theory]
    [MemberData(nameof(Cases))]
    public void Forward_EqualsThePlainDecoder(string backendName, string name)
    {
        using var folder = new TemporaryFolder();
        using var backend = Backends.Open(backendName);
        var (tiny, factor, scale) = Case(name);
        tiny.Write(folder.Path);
        var loaded = ModelLoader.Load(folder.Path, backend, new ModelLoadOptions());
        using var runner = new ModelRunner(backend, loaded.Model, sequences: 1, tokens: Prompt.Length);

        var actual = runner.Step(runner.Start(), Prompt);

        var plain = new PlainDecoder(SafetensorsSource.Open(folder.Path), layers: 2, headSize: 8, theta: 10000) { FrequencyFactor = factor, AngleScale = scale };
        var expected = plain.Logits(Prompt).SelectMany(row => row).ToArray();
        Assert.Equal(expected.Length, actual.Length);
        Assert.InRange(expected.Max(Math.Abs), 0.1, 100);                           // the comparison is of something
        Assert.InRange(actual.Zip(expected, (a, e) => Math.Abs(a - e)).Max(), 0, 1e-4);
    }

    /// <summary>The model, and by pair of columns the factor on its frequency, worked out by hand for heads of 8 columns and base 10,000.</summary>
    private static (TinyModel Model, Func<int, double> Factor, double Scale) Case(string name) => name switch
    {
        "llama" => (TinyModel.Llama(), _ => 1, 1),
        "llama with biases" => (TinyModel.Llama(attentionBias: true, mlpBias: true), _ => 1, 1),
        "llama tied" => (TinyModel.Llama().Tied(), _ => 1, 1),
        "llama linear" => (TinyModel.Llama().With("rope_scaling", new JsonObject { ["type"] = "linear", ["factor"] = 4 }), _ => 0.25, 1),

        // Waves in 64 tokens: 10.19, 1.019, 0.102, 0.010. Above 4 fast, below 1 slow, between them blended.
        "llama3" => (TinyModel.Llama().With("rope_scaling", new JsonObject { ["rope_type"] = "llama3", ["factor"] = 8, ["low_freq_factor"] = 1, ["high_freq_factor"] = 4, ["original_max_position_embeddings"] = 64 }),
            pair => pair switch { 0 => 1, 1 => Blend(((6.4 / (2 * Math.PI)) - 1) / 3, 8), _ => 1.0 / 8 }, 1),
        "qwen2" => (TinyModel.Qwen2(), _ => 1, 1),
        "qwen2 yarn" => (TinyModel.Qwen2().With("rope_scaling", Yarn()), YarnFactor, YarnScale),
        "qwen3" => (TinyModel.Qwen3(), _ => 1, 1),
        "qwen3 yarn" => (TinyModel.Qwen3().With("rope_scaling", Yarn()), YarnFactor, YarnScale),
        "qwen3 tied, as transformers 5 writes it" => (
            TinyModel.Qwen3().Tied().With("rope_theta", 1.5).With("rope_parameters", new JsonObject { ["rope_theta"] = 10000.0, ["rope_type"] = "default" }), _ => 1, 1),
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, "no such case"),
    };

    private static JsonObject Yarn() => new() { ["type"] = "yarn", ["factor"] = 4, ["original_max_position_embeddings"] = 64 };

    /// <summary>0.1 ln 4 + 1.</summary>
    private static double YarnScale => (0.1 * Math.Log(4)) + 1;

    /// <summary>32 turns in 64 tokens are before pair 0 (-0.50, clamped); one turn is at pair 1.008, rounded up to 2: the blend runs over pairs 0 to 2.</summary>
    private static double YarnFactor(int pair) => Blend(1 - Math.Min(1, pair / 2.0), 4);

    private static double Blend(double fast, double factor) => fast + ((1 - fast) / factor);
}

using XLLM.Simulator.Traces;
using XLLM.Testing;

namespace XLLM.Simulator.Tests;

public sealed class TraceTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("conversation_trace", 12_031, 12_035, 343, 36.6)]
    [InlineData("synthetic_trace", 3_993, 15_325, 149, 64.0)]
    public void MooncakesTraces_AreReadWhole_AndACacheWithoutBoundsFindsWhatIsPublished(string name, int requests, int input, int output, double hits)
    {
        var path = Paths.TryShared("data", "traces", "mooncake", $"{name}.jsonl");
        Assert.SkipWhen(path is null, $"../shared/data/traces/mooncake/{name}.jsonl is missing");

        var trace = TraceReader.Read(path);

        Assert.Equal((requests, 512), (trace.Requests.Length, trace.BlockTokens));
        Assert.Equal(input, Math.Round(trace.Requests.Average(request => request.InputTokens)));
        Assert.Equal(output, Math.Round(trace.Requests.Average(request => request.OutputTokens)));
        Assert.All(trace.Requests, request => Assert.Equal((request.InputTokens + 511) / 512, request.Blocks.Length));
        Assert.Equal(hits, Math.Round(100 * IdealHits.ByBlock(trace), 1));
    }

    [Theory]
    [InlineData("code", 8_819)]
    [InlineData("conv", 19_366)]
    public void AzuresTraces_AreReadWhole(string name, int requests)
    {
        var path = Paths.TryShared("data", "traces", "azure-2023", $"AzureLLMInferenceTrace_{name}.csv");
        Assert.SkipWhen(path is null, $"../shared/data/traces/azure-2023/AzureLLMInferenceTrace_{name}.csv is missing");

        var trace = TraceReader.Read(path);

        Assert.Equal(requests, trace.Requests.Length);
        Assert.Equal(0, IdealHits.ByBlock(trace));
        Assert.InRange(trace.Span, 3_400, 3_600);
    }

    [Fact]
    public void ATraceInAnyOrder_IsSortedByTime_AndBeginsAtZero()
    {
        var path = Write("t.jsonl", """
            {"timestamp": 3000, "input_length": 600, "output_length": 0, "hash_ids": [1, 3]}
            {"timestamp": 1000, "input_length": 512, "output_length": 7, "hash_ids": [1]}
            """);

        var trace = TraceReader.Read(path);

        Assert.Equal([(0.0, 512, 7), (2.0, 600, 1)], trace.Requests.Select(request => (request.Time, request.InputTokens, request.OutputTokens)));
        Assert.Equal(1.0 / 3, IdealHits.ByBlock(trace));
        Assert.Equal(512.0 / 1112, IdealHits.ByToken(trace));
    }

    [Theory]
    [InlineData("t.jsonl", """{"time": 3}""", "line 1 has neither 'hash_ids' nor 'bh'")]
    [InlineData("t.csv", "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:17:03,4808", "line 2 has 2 cells, not 3: '2023-11-16 18:17:03,4808'")]
    public void AFileThatIsNoTrace_IsRefusedByLine(string name, string text, string message) =>
        Assert.Equal(message, Assert.Throws<FormatException>(() => TraceReader.Read(Write(name, text))).Message);

    private string Write(string name, string text)
    {
        var path = Path.Combine(_folder, name);
        File.WriteAllText(path, text);
        return path;
    }
}

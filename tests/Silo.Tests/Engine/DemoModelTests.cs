using System.Text.Json;
using XLLM.Grains.Interfaces.Generation;
using XLLM.Silo.Engine;
using XLLM.Silo.Models;
using XLLM.Silo.Tests.Models;
using XLLM.Silo.Tokenization;
using XLLM.Testing;

namespace XLLM.Silo.Tests.Engine;

/// <summary>The model that the product ships, through the whole engine.</summary>
public sealed class DemoModelTests
{
    /// <summary>Float32 against float32: ten times what a logit may differ by.</summary>
    private const double NearTie = 0.02;

    [Theory]
    [MemberData(nameof(Backends.Present), MemberType = typeof(Backends))]
    public async Task AllRecordedQuestionsAtOnce_GetTheRecordedAnswers_UpToTheFirstNearTie(string backendName)
    {
        using var backend = Backends.Open(backendName);
        var model = ModelLoader.Load(Paths.DemoModel, backend, new ModelLoadOptions());
        using var setup = new EngineSetup(model, backend, TokenizerLoader.Load(Paths.DemoModel), new EngineOptions(), blocks: 200);
        await using var engine = setup.Start();
        using var reference = JsonDocument.Parse(await File.ReadAllBytesAsync(Path.Combine(Paths.DemoModel, "reference.json"), TestContext.Current.CancellationToken));
        var cases = reference.RootElement.EnumerateArray().ToArray();

        var answers = await Task.WhenAll(cases.Select(recorded => Answer.ReadAsync(engine.Start(Request(recorded)), TestContext.Current.CancellationToken)));

        Assert.All(cases.Zip(answers), pair =>
        {
            var (recorded, answer) = pair;
            var expected = Integers(recorded, "greedy_ids");
            var certain = recorded.GetProperty("margins").EnumerateArray().TakeWhile(margin => margin.GetDouble() >= NearTie).Count();
            Assert.Equal(expected[..certain], answer.Tokens.Take(certain));
            if (certain == expected.Length)
            {
                Assert.Equal(recorded.GetProperty("greedy_text").GetString(), answer.Text + "<|im_end|>");
                Assert.Equal((EndReason.Stop, expected.Length), (answer.End!.Reason, answer.End.Usage.GeneratedTokens));
            }
        });
    }

    private static GenerationRequest Request(JsonElement recorded) => new()
    {
        RequestId = recorded.GetProperty("prompt").GetString()!,
        Model = "demo",
        PromptTokens = Integers(recorded, "prompt_ids"),
        Sampling = new SamplingParameters { Temperature = 0 },
        Stop = new StopParameters { MaxTokens = 100 },
        SkipSpecialTokens = false,
    };

    private static int[] Integers(JsonElement of, string name) => [.. of.GetProperty(name).EnumerateArray().Select(id => id.GetInt32())];
}

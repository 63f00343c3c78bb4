using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using XLLM.Testing;

namespace XLLM.EndToEnd.Tests;

/// <summary>The demo model's answers over HTTP against those of the reference implementation, word for word.</summary>
public sealed class ReferenceAnswerTests(SiloFixture fixture)
{
    public static TheoryData<int> Cases => [.. Enumerable.Range(0, 15)];

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task TheGreedyTokens_EqualTheReference(int index)
    {
        var reference = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(Paths.DemoModel, "reference.json"), TestContext.Current.CancellationToken))![index]!;
        var ids = reference["greedy_ids"]!.Deserialize<int[]>()!;
        var margins = reference["margins"]!.Deserialize<float[]>()!;
        using var response = await fixture.Silo.Http.PostAsJsonAsync(
            "/v1/completions",
            new { model = "xllm-demo", prompt = reference["prompt"]!.GetValue<string>(), temperature = 0, max_tokens = ids.Length, logprobs = 1, ignore_eos = true },
            TestContext.Current.CancellationToken);
        var body = (await response.Content.ReadFromJsonAsync<JsonNode>(TestContext.Current.CancellationToken))!;
        var logprobs = body["choices"]![0]!["logprobs"]!["token_logprobs"]!.Deserialize<float[]>()!;
        var expected = reference["logprobs"]!.Deserialize<float[]>()!;

        // Float32 rounding may turn a choice whose margin is under 0.02; the comparison ends there.
        var sure = margins.TakeWhile(margin => margin >= 0.02f).Count();
        Assert.Equal(ids.Length, body["usage"]!["completion_tokens"]!.GetValue<int>());
        for (var i = 0; i < sure; i++)
        {
            Assert.Equal(expected[i], logprobs[i], 2e-3f);
        }
    }
}

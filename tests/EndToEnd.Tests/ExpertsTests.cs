using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace XLLM.EndToEnd.Tests;

/// <summary>The mixture of experts with latent attention, served beside the dense model, against the answers of the reference implementation.</summary>
public sealed class ExpertsTests(ManyModelsFixture fixture)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task TheGreedyTokens_EqualTheReference_UpToTheFirstNearTie()
    {
        Assert.SkipWhen(ManyModelsFixture.Experts is null, "the folder shared/demo-model/moe is not there");
        var silo = await fixture.SiloAsync();
        foreach (var reference in JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(ManyModelsFixture.Experts!, "reference.json"), Cancel))!.AsArray())
        {
            var ids = reference!["greedy_ids"]!.Deserialize<int[]>()!;
            using var response = await silo.Http.PostAsJsonAsync(
                "/v1/completions",
                new { model = "moe", prompt = reference["prompt_ids"]!.Deserialize<int[]>(), temperature = 0, max_tokens = ids.Length, logprobs = 1, ignore_eos = true },
                Cancel);
            var choice = (await response.Content.ReadFromJsonAsync<JsonNode>(Cancel))!["choices"]![0]!;
            var logprobs = choice["logprobs"]!["token_logprobs"]!.Deserialize<float[]>()!;
            var expected = reference["logprobs"]!.Deserialize<float[]>()!;
            var sure = reference["margins"]!.Deserialize<float[]>()!.TakeWhile(margin => margin >= 0.02f).Count();
            for (var i = 0; i < Math.Min(sure, logprobs.Length); i++)
            {
                Assert.Equal(expected[i], logprobs[i], 2e-3f);
            }

            if (sure == ids.Length)
            {
                Assert.Equal(reference["greedy_text"]!.GetValue<string>().Replace("<|im_end|>", "", StringComparison.Ordinal), choice["text"]!.GetValue<string>());
            }
        }
    }
}

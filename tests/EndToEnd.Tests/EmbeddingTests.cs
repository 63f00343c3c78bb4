using System.ClientModel;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OpenAI.Chat;
using OpenAI.Embeddings;
using XLLM.Grains.Interfaces.Client;
using EmbeddingGenerationOptions = OpenAI.Embeddings.EmbeddingGenerationOptions;

namespace XLLM.EndToEnd.Tests;

/// <summary>Embeddings and reranking over HTTP and through the SDK; the official client asks for base64 by itself.</summary>
public sealed class EmbeddingTests(ManyModelsFixture fixture)
{
    private static readonly string[] Inputs = [.. Enumerable.Range(0, 16).Select(i => string.Concat(Enumerable.Repeat($"{i} birds sang to the old king. ", i + 1)))];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task TheOfficialClient_GetsVectorsOfLengthOne_TheSameBitsAloneAndInABatchOfSixteen()
    {
        var client = await ClientAsync();

        var batch = (await client.GenerateEmbeddingsAsync(Inputs, cancellationToken: Cancel)).Value;

        Assert.Equal(Inputs.Length, batch.Count);
        Assert.True(batch.Usage.InputTokenCount > Inputs.Length);
        foreach (var (i, embedding) in batch.Index())
        {
            Assert.Equal(i, embedding.Index);
            Assert.Equal(1, embedding.ToFloats().ToArray().Sum(value => (double)value * value), 1e-5);
            Assert.Equal((await client.GenerateEmbeddingAsync(Inputs[i], cancellationToken: Cancel)).Value.ToFloats().ToArray(), embedding.ToFloats().ToArray());
        }
    }

    [Fact]
    public async Task Dimensions_CutAndScale_AndFloatsEqualBase64()
    {
        var client = await ClientAsync();
        var whole = (await client.GenerateEmbeddingAsync(Inputs[3], cancellationToken: Cancel)).Value.ToFloats().ToArray();
        var part = (await client.GenerateEmbeddingAsync(Inputs[3], new EmbeddingGenerationOptions { Dimensions = 32 }, Cancel)).Value.ToFloats().ToArray();

        var scale = Math.Sqrt(whole[..32].Sum(value => (double)value * value));
        Assert.All(part.Zip(whole), pair => Assert.Equal(pair.Second / scale, pair.First, 1e-5));
        var floats = await PostAsync("embeddings", new { model = "embed", input = Inputs[3], encoding_format = "float" });
        Assert.Equal(whole, floats["data"]![0]!["embedding"]!.AsArray().Select(value => value!.GetValue<float>()));
    }

    [Fact]
    public async Task TokenIds_GiveWhatTheirTextGives()
    {
        var text = await PostAsync("embeddings", new { model = "embed", input = "What is the capital of Japan?" });
        var tokens = await PostAsync("embeddings", new { model = "embed", input = new[] { new[] { 325, 265, 274, 367, 267, 1613, 30 } } });

        Assert.Equal(text["data"]!.ToJsonString(), tokens["data"]!.ToJsonString());
        Assert.Equal(7, tokens["usage"]!["prompt_tokens"]!.GetValue<int>());
    }

    [Fact]
    public async Task ARepeatedInput_IsFoundInThePrefixCache_AndEmbeddingsRunBesideChats()
    {
        var chat = (await fixture.OpenAIAsync()).GetChatClient("xllm-demo");
        var input = string.Concat(Enumerable.Repeat("The harbour lay still under the first snow. ", 20));
        var first = await PostAsync("embeddings", new { model = "embed", input });
        var asked = chat.CompleteChatAsync([new UserChatMessage("What is the capital of Japan?")], new() { Temperature = 0 }, Cancel);
        var second = await PostAsync("embeddings", new { model = "embed", input });

        Assert.Equal(first["data"]!.ToJsonString(), second["data"]!.ToJsonString());
        Assert.True(second["usage"]!["prompt_tokens_details"]!["cached_tokens"]!.GetValue<int>() >= 16);
        Assert.Contains("Tokyo", (await asked).Value.Content[0].Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("xllm-demo", "the model 'xllm-demo' does not make embeddings; it is there to generate text")]
    [InlineData("rank", "the model 'rank' does not make embeddings; it is there to judge documents")]
    public async Task AModelThatDoesNotEmbed_SaysSo(string model, string message)
    {
        var error = await Assert.ThrowsAsync<ClientResultException>(async () => await (await fixture.OpenAIAsync()).GetEmbeddingClient(model).GenerateEmbeddingAsync("x", cancellationToken: Cancel));

        Assert.Equal(400, error.Status);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WhatCannotBeEmbedded_IsA400_WithBothNumbers()
    {
        var client = await ClientAsync();
        var size = (await client.GenerateEmbeddingAsync("x", cancellationToken: Cancel)).Value.ToFloats().Length;

        var dimensions = await Assert.ThrowsAsync<ClientResultException>(() => client.GenerateEmbeddingAsync("x", new EmbeddingGenerationOptions { Dimensions = size + 1 }, Cancel));
        var tooLong = await Assert.ThrowsAsync<ClientResultException>(() => client.GenerateEmbeddingAsync(string.Concat(Enumerable.Repeat("kettle ", 6000)), cancellationToken: Cancel));
        var chat = await Assert.ThrowsAsync<ClientResultException>(async () => await (await fixture.OpenAIAsync()).GetChatClient("embed").CompleteChatAsync([new UserChatMessage("x")], cancellationToken: Cancel));

        Assert.Contains($"dimensions must be 1 to {size}, it is {size + 1}", dimensions.Message, StringComparison.Ordinal);
        Assert.Contains("context_length_exceeded", tooLong.Message, StringComparison.Ordinal);
        Assert.Contains("does not generate text", chat.Message, StringComparison.Ordinal);
        Assert.Equal([400, 400, 400], [dimensions.Status, tooLong.Status, chat.Status]);
    }

    [Fact]
    public async Task Documents_AreRanked_TheSameScoresAloneAndTogether_AndTheQueryIsComputedOnce()
    {
        string[] documents = ["Tokyo is the capital of Japan.", "A kettle costs 30.", "The owl sat on the old oak and waited for the night."];
        var answer = await PostAsync("rerank", new { model = "rank", query = "What is the capital of Japan?", documents = documents.Select(text => new { text }), top_n = 2 });

        var results = answer["results"]!.AsArray();
        Assert.Equal(2, results.Count);
        Assert.True(Score(results[0]) >= Score(results[1]));
        Assert.InRange(Score(results[0]), 0, 1);
        Assert.True(answer["usage"]!["prompt_tokens_details"]!["cached_tokens"]!.GetValue<int>() >= 64, answer.ToJsonString());
        foreach (var result in results)
        {
            var index = result!["index"]!.GetValue<int>();
            Assert.Equal(documents[index], result["document"]!["text"]!.GetValue<string>());
            var alone = await PostAsync("rerank", new { model = "rank", query = "What is the capital of Japan?", documents = new[] { documents[index] } });
            Assert.Equal(Score(result), Score(alone["results"]![0]));
        }

        using var refused = await (await fixture.SiloAsync()).Http.PostAsJsonAsync("/v1/rerank", new { model = "embed", query = "q", documents = new[] { "d" } }, Cancel);
        Assert.Equal(400, (int)refused.StatusCode);
        Assert.Contains("the model 'embed' does not judge documents", await refused.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ABusinessService_GetsEmbeddings_WithoutHttp()
    {
        var builder = Host.CreateApplicationBuilder();
        var gateway = $"127.0.0.1:{(await fixture.SiloAsync()).GatewayPort}";
        builder.AddXllmClient(options => options.Gateways.Add(gateway));
        using var host = builder.Build();
        await host.StartAsync(Cancel);
        var generator = host.Services.GetRequiredService<IEmbeddingGenerator<string, Embedding<float>>>();

        var embeddings = await generator.GenerateAsync(Inputs[..3], cancellationToken: Cancel);

        Assert.Equal((await (await ClientAsync()).GenerateEmbeddingAsync(Inputs[1], cancellationToken: Cancel)).Value.ToFloats().ToArray(), embeddings[1].Vector.ToArray());
        await host.StopAsync(Cancel);
    }

    private async Task<EmbeddingClient> ClientAsync() => (await fixture.OpenAIAsync()).GetEmbeddingClient("embed");

    private static float Score(JsonNode? result) => result!["relevance_score"]!.GetValue<float>();

    private async Task<JsonNode> PostAsync(string route, object body)
    {
        using var response = await (await fixture.SiloAsync()).Http.PostAsJsonAsync($"/v1/{route}", body, Cancel);
        var text = await response.Content.ReadAsStringAsync(Cancel);
        Assert.True(response.IsSuccessStatusCode, text);
        return JsonNode.Parse(text)!;
    }
}

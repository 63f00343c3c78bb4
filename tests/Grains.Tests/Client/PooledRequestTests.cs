using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using XLLM.Grains.Interfaces;
using XLLM.Grains.Interfaces.Catalog;
using XLLM.Grains.Interfaces.Generation;
using XLLM.Grains.Interfaces.Pooling;
using XLLM.Grains.Tests.Fakes;
using static XLLM.Grains.Tests.Fakes.GrainCluster;

namespace XLLM.Grains.Tests.Client;

/// <summary>Embeddings and scores through grains.</summary>
public sealed class PooledRequestTests
{
    [Fact]
    public async Task EmbedAsync_GivesTheVector_AndUsage()
    {
        await using var cluster = await StartAsync(models: _ => new FakeModelHost(new FakeModel(tasks: ModelTasks.Embed)));

        var answer = await cluster.Client.EmbedAsync(Embedding("hello") with { Dimensions = 3 }, Cancelled);
        var tokens = await cluster.Client.EmbedAsync(Embedding(null) with { Tokens = [104, 105] }, Cancelled);

        Assert.Equal([5, 6, 7], answer.Values);
        Assert.Equal(5, answer.Usage.PromptTokens);
        Assert.Equal(2, tokens.Values[0]);
    }

    [Fact]
    public async Task RankAsync_GivesTheScore()
    {
        await using var cluster = await StartAsync(models: _ => new FakeModelHost(new FakeModel(tasks: ModelTasks.Rank)));

        var answer = await cluster.Client.RankAsync(new RankRequest { RequestId = "r", Model = "tiny", Query = "what", Document = "that" }, Cancelled);

        Assert.Equal("what|that".Length / 1000f, answer.Score);
    }

    [Fact]
    public async Task AModelOfAnotherTask_RefusesInItsOwnWords()
    {
        await using var cluster = await StartAsync(models: number => new FakeModelHost(new FakeModel(tasks: ModelTasks.Embed)));

        var chat = await Assert.ThrowsAsync<RequestException>(() => ReadAsync(cluster.Client.ChatAsync(Chat("hi"), Cancelled)));

        Assert.Equal((RequestErrors.InvalidValue, "model"), (chat.Code, chat.Parameter));
        Assert.Equal("the model 'tiny' does not generate text; it is there to make embeddings", chat.Message);
    }

    [Fact]
    public async Task AGeneratingModel_DoesNotEmbed()
    {
        await using var cluster = await StartAsync();

        var fault = await Assert.ThrowsAsync<RequestException>(() => cluster.Client.EmbedAsync(Embedding("hi"), Cancelled));

        Assert.Equal("the model 'tiny' does not make embeddings; it is there to generate text", fault.Message);
    }

    [Fact]
    public async Task AnInputLongerThanTheContext_IsRefused_WithBothNumbers_AndOneThatFillsItIsNot()
    {
        await using var cluster = await StartAsync(models: _ => new FakeModelHost(new FakeModel(maxContext: 10, tasks: ModelTasks.Embed)));

        var fault = await Assert.ThrowsAsync<RequestException>(() => cluster.Client.EmbedAsync(Embedding("elevenchars"), Cancelled));

        Assert.Equal(RequestErrors.ContextLengthExceeded, fault.Code);
        Assert.Equal("This model's maximum context length is 10 tokens. However, your input resulted in 11 tokens. Please reduce the length of the input.", fault.Message);
        Assert.Equal(10, (await cluster.Client.EmbedAsync(Embedding("ten chars!"), Cancelled)).Usage.PromptTokens);
    }

    [Theory]
    [InlineData(EndReason.Overloaded, RequestErrors.Overloaded)]
    [InlineData(EndReason.Failed, RequestErrors.EngineFailed)]
    public async Task ARefusalOfTheEngine_IsAnException(EndReason reason, string code)
    {
        await using var cluster = await StartAsync(models: _ => new FakeModelHost(new FakeModel(tasks: ModelTasks.Embed)));
        cluster.Model().Refusal = new GenerationEnded { Reason = reason, Usage = new Usage(1, 0, 0), Message = "no" };

        Assert.Equal(code, (await Assert.ThrowsAsync<RequestException>(() => cluster.Client.EmbedAsync(Embedding("hi"), Cancelled))).Code);
    }

    [Fact]
    public async Task TheEmbeddingGenerator_AsksTheOnlyModelThatEmbeds()
    {
        await using var cluster = await StartAsync(models: _ => new FakeModelHost(new FakeModel(tasks: ModelTasks.Embed)));
        var generator = cluster.ClientServices.GetRequiredService<IEmbeddingGenerator<string, Embedding<float>>>();

        var embeddings = await generator.GenerateAsync(["a", "bcd"], new() { Dimensions = 2 }, Cancelled);

        Assert.Equal([[1, 2], [3, 4]], embeddings.Select(embedding => embedding.Vector.ToArray()));
        Assert.Equal(4, embeddings.Usage!.InputTokenCount);
        Assert.Equal("tiny", embeddings[0].ModelId);
    }

    private static EmbeddingRequest Embedding(string? text) => new() { RequestId = "e", Model = "tiny", Text = text };
}

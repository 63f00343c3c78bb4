using XLLM.Grains.Interfaces;
using XLLM.Grains.Interfaces.Chat;
using XLLM.Grains.Interfaces.Generation;
using XLLM.Grains.Tests.Fakes;
using static XLLM.Grains.Tests.Fakes.GrainCluster;

namespace XLLM.Grains.Tests.Client;

public sealed class InferenceClientTests
{
    [Fact]
    public async Task ChatAsync_StreamsAnswerReasoningAndUsage()
    {
        await using var cluster = await StartAsync();
        cluster.Model().Reply = (_, _) => "<think>two and two</think>It is four.";

        var turn = await ReadAsync(cluster.Client.ChatAsync(Chat("2+2?"), Cancelled));

        Assert.Equal("It is four.", turn.Text.Trim());
        Assert.Equal("two and two", string.Concat(turn.Events.OfType<ReasoningDelta>().Select(delta => delta.Text)).Trim());
        Assert.Equal(EndReason.Stop, turn.Ended.Reason);
        Assert.Equal("user:2+2?\nassistant:".Length, turn.Ended.Usage.PromptTokens);
        Assert.Equal(16, turn.Ended.Usage.CachedTokens);
        Assert.Equal("<think>two and two</think>It is four.".Length, turn.Ended.Usage.GeneratedTokens);
        Assert.InRange(turn.Ended.Usage.ReasoningTokens, "two and two".Length, "<think>two and two</think>".Length);
    }

    [Fact]
    public async Task ChatAsync_TellsEveryLogprobOnce()
    {
        await using var cluster = await StartAsync();

        var turn = await ReadAsync(cluster.Client.ChatAsync(Chat("hi", seed: 1) with { TopLogprobs = 0 }, Cancelled));

        var logprobs = turn.Events.OfType<ContentDelta>().SelectMany(delta => delta.Logprobs ?? []);
        Assert.Equal(turn.Text, string.Concat(logprobs.Select(logprob => logprob.Text)));
    }

    [Fact]
    public async Task ChatAsync_DrawsASeed_WhenNoneIsGiven()
    {
        await using var cluster = await StartAsync();

        var first = await ReadAsync(cluster.Client.ChatAsync(Chat("hi"), Cancelled));
        var second = await ReadAsync(cluster.Client.ChatAsync(Chat("hi"), Cancelled));

        Assert.NotEqual(first.Text, second.Text);
        Assert.All(cluster.Model().Requests, request => Assert.NotNull(request.Sampling.Seed));
    }

    [Theory]
    [InlineData(EndReason.Overloaded, RequestErrors.Overloaded)]
    [InlineData(EndReason.Unavailable, RequestErrors.Unavailable)]
    [InlineData(EndReason.TooLong, RequestErrors.ContextLengthExceeded)]
    [InlineData(EndReason.Failed, RequestErrors.EngineFailed)]
    public async Task ChatAsync_Throws_WhenTheEngineRefuses(EndReason reason, string code)
    {
        await using var cluster = await StartAsync();
        cluster.Model().Refusal = new GenerationEnded { Reason = reason, Usage = new Usage(1, 0, 0), Message = "7 of 7 places are taken" };

        var exception = await Assert.ThrowsAsync<RequestException>(() => ReadAsync(cluster.Client.ChatAsync(Chat("hi"), Cancelled)));

        Assert.Equal(code, exception.Code);
        Assert.Equal("7 of 7 places are taken", exception.Message);
        Assert.Single(cluster.Model().Requests);
    }

    [Fact]
    public async Task ChatAsync_AsksAnotherReplica_WhenOneIsFull()
    {
        await using var cluster = await StartAsync(silos: 2);
        cluster.Model(0).Refusal = new GenerationEnded { Reason = EndReason.Overloaded, Usage = new Usage(1, 0, 0) };

        for (var i = 0; i < 6; i++)
        {
            Assert.Equal(EndReason.Stop, (await ReadAsync(cluster.Client.ChatAsync(Chat("hi"), Cancelled))).Ended.Reason);
        }

        Assert.NotEmpty(cluster.Model(0).Requests);
        Assert.Equal(6, cluster.Model(1).Requests.Count);
    }

    [Theory]
    [InlineData(100, "you requested 4115 tokens (115 in the messages, 4000 in the completion)", 4000)]
    [InlineData(5000, "your messages resulted in 5015 tokens", null)]
    public async Task ChatAsync_RefusesWhatDoesNotFitTheContext_InOpenAIsWords(int length, string expected, int? maxTokens)
    {
        await using var cluster = await StartAsync();
        var request = Chat(new string('x', length - 1)) with { Stop = new StopParameters { MaxTokens = maxTokens } };

        var exception = await Assert.ThrowsAsync<RequestException>(() => ReadAsync(cluster.Client.ChatAsync(request, Cancelled)));

        Assert.Equal(RequestErrors.ContextLengthExceeded, exception.Code);
        Assert.StartsWith("This model's maximum context length is 4096 tokens. However, " + expected, exception.Message, StringComparison.Ordinal);
        Assert.Empty(cluster.Model().Requests);
    }

    [Fact]
    public async Task ChatAsync_RefusesAnUnknownModel_AndValuesOutOfRange()
    {
        await using var cluster = await StartAsync();

        var unknown = await Assert.ThrowsAsync<RequestException>(() => ReadAsync(cluster.Client.ChatAsync(Chat("hi", model: "nobody"), Cancelled)));
        Assert.Equal((RequestErrors.ModelNotFound, "model"), (unknown.Code, unknown.Parameter));
        Assert.Contains("'nobody'", unknown.Message, StringComparison.Ordinal);

        var hot = Chat("hi") with { Sampling = new SamplingParameters { Temperature = 2.5f } };
        var invalid = await Assert.ThrowsAsync<RequestException>(() => ReadAsync(cluster.Client.ChatAsync(hot, Cancelled)));
        Assert.Equal((RequestErrors.InvalidValue, "temperature", "temperature must be 0 to 2, it is 2.5"), (invalid.Code, invalid.Parameter, invalid.Message));
    }

    [Fact]
    public async Task ChatAsync_AbortsTheGeneration_WhenTheReaderLeaves()
    {
        await using var cluster = await StartAsync();
        cluster.Model().PauseBefore(10);

        await foreach (var next in cluster.Client.ChatAsync(Chat("hi", id: "leaver"), Cancelled))
        {
            if (next is ContentDelta)
            {
                break;
            }
        }

        await cluster.Model().WhenLeft("leaver");
        Assert.Equal(0, cluster.Model().Running);
    }

    [Fact]
    public async Task CompleteAsync_TellsTokensAndTheirText_ForTextAndForTokenIds()
    {
        await using var cluster = await StartAsync();
        var byText = new CompletionRequest { RequestId = "c1", Model = "tiny", Prompt = "once", Sampling = new SamplingParameters { Seed = 5 }, Stop = new StopParameters { MaxTokens = 12 } };
        var byTokens = byText with { RequestId = "c2", Prompt = null, PromptTokens = ['o', 'n', 'c', 'e'] };

        var (text, ended) = await ReadAsync(byText);
        Assert.Equal((text, ended), await ReadAsync(byTokens));
        Assert.Equal(12, text.Length);
        Assert.Equal((EndReason.Length, 4, 12), (ended.Reason, ended.Usage.PromptTokens, ended.Usage.GeneratedTokens));

        var exception = await Assert.ThrowsAsync<RequestException>(() => ReadAsync(byTokens with { PromptTokens = [70000] }));
        Assert.Equal("prompt has token id 70000, but tiny has ids 0 to 65535", exception.Message);

        async Task<(string Text, GenerationEnded Ended)> ReadAsync(CompletionRequest request)
        {
            var read = "";
            await foreach (var (promptTokens, next) in cluster.Client.CompleteAsync(request, Cancelled))
            {
                Assert.Equal(4, promptTokens);
                switch (next)
                {
                    case TokensGenerated tokens:
                        read += tokens.Text;
                        break;
                    case GenerationEnded last:
                        return (read, last);
                }
            }

            throw new InvalidOperationException("no last event");
        }
    }

    [Fact]
    public async Task ChatAsync_FindsAModel_ThatTheCallersSiloDoesNotServe()
    {
        await using var cluster = await StartAsync(silos: 2, models: silo => new FakeModelHost(new FakeModel(silo == 0 ? "left" : "right")));

        Assert.Equal(["left", "right"], (await cluster.Client.ListModelsAsync()).Select(model => model.Name));
        foreach (var silo in cluster.Cluster.Silos)
        {
            foreach (var model in (string[])["left", "right"])
            {
                var turn = await ReadAsync(cluster.ClientIn(silo).ChatAsync(Chat("hi", model: model), Cancelled));
                Assert.Equal(40, turn.Text.Length);
            }
        }
    }

    [Fact]
    public async Task ManyTurnsAtOnce_AllEqualTheirRunAlone()
    {
        await using var cluster = await StartAsync(silos: 2);
        var alone = await ReadAsync(cluster.Client.ChatAsync(Chat("hi", seed: 3), Cancelled));

        var together = await Task.WhenAll(Enumerable.Range(0, 64).Select(_ => ReadAsync(cluster.Client.ChatAsync(Chat("hi", seed: 3), Cancelled))));

        Assert.All(together, turn => Assert.Equal(alone.Text, turn.Text));
        Assert.All(cluster.Cluster.Silos, silo => Assert.Equal(0, cluster.Host(silo).Model.Running));
    }
}

using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime;
using XLLM.Grains.Interfaces;
using XLLM.Grains.Interfaces.Chat;
using XLLM.Grains.Interfaces.Client;
using XLLM.Grains.Interfaces.Generation;
using XLLM.Grains.Interfaces.Responses;
using XLLM.Grains.Tests.Fakes;
using static XLLM.Grains.Tests.Fakes.GrainCluster;

namespace XLLM.Grains.Tests.Responses;

public sealed class ResponseGrainTests
{
    [Fact]
    public async Task AResponse_RunsUnread_AndIsReadAsOftenAsAsked()
    {
        await using var cluster = await StartAsync();
        var responses = Responses(cluster);

        var begun = await responses.StartAsync("r1", Start("hello", seed: 3));
        var first = await ReadAllAsync(responses, "r1");
        var again = await ReadAllAsync(responses, "r1");
        var tail = await ReadAllAsync(responses, "r1", after: 5);

        Assert.Equal(ResponseStatus.InProgress, begun.Status);
        Assert.Equal(first, again);
        Assert.Equal(first[5..], tail);
        Assert.Equal((await ReadAsync(cluster.Client.ChatAsync(Chat("hello", seed: 3), Cancelled))).Events, first, Same);
        var stored = await responses.GetAsync("r1");
        Assert.Equal(ResponseStatus.Ended, stored!.Status);
        Assert.Equal(["user:hello", $"assistant:{Text(first)}"], stored.Conversation.Select(message => $"{message.Role}:{message.Text}"));
    }

    [Fact]
    public async Task ASecondStart_WithTheSameRequest_RunsNothing_AndWithAnotherIsRefused()
    {
        await using var cluster = await StartAsync();
        var responses = Responses(cluster);

        await responses.StartAsync("r1", Start("hello"));
        var retry = await responses.StartAsync("r1", Start("hello"));
        await ReadAllAsync(responses, "r1");
        Assert.Equal(ResponseStatus.Ended, (await responses.StartAsync("r1", Start("hello"))).Status);

        Assert.NotNull(retry.Start.Request.Sampling.Seed);
        Assert.Single(cluster.Model().Requests);
        var conflict = await Assert.ThrowsAsync<RequestException>(() => responses.StartAsync("r1", Start("other")));
        Assert.Equal(RequestErrors.IdempotencyConflict, conflict.Code);
    }

    [Fact]
    public async Task TheConversation_GoesOn_WithoutTheInstructionsOfTheResponseBefore()
    {
        await using var cluster = await StartAsync();
        var responses = Responses(cluster);
        await responses.StartAsync("r1", Start("one") with { Instructions = "be brief" });
        var one = Text(await ReadAllAsync(responses, "r1"));

        await responses.StartAsync("r2", Start("two") with { PreviousResponseId = "r1" });
        await ReadAllAsync(responses, "r2");

        var prompts = cluster.Model().Requests.Select(request => string.Concat(request.PromptTokens.Select(token => (char)token))).ToArray();
        Assert.Equal(["system:be brief\nuser:one\nassistant:", $"user:one\nassistant:{one}\nuser:two\nassistant:"], prompts);
        Assert.Equal(
            RequestErrors.ResponseNotFound,
            (await Assert.ThrowsAsync<RequestException>(() => responses.StartAsync("r3", Start("three") with { PreviousResponseId = "none" }))).Code);
    }

    [Fact]
    public async Task CancelAsync_EndsTheTurn_AndFreesTheGeneration()
    {
        await using var cluster = await StartAsync();
        var responses = Responses(cluster);
        var pause = cluster.Model().PauseBefore(6);
        await responses.StartAsync("r1", Start("hello"));
        await pause.Reached;

        var cancelled = await responses.CancelAsync("r1");

        await cluster.Model().WhenLeft("r1");
        Assert.Equal(ResponseStatus.Cancelled, cancelled!.Status);
        var events = await ReadAllAsync(responses, "r1");
        Assert.IsNotType<ChatEnded>(events[^1]);
        Assert.Null(await responses.CancelAsync("nobody"));
    }

    [Fact]
    public async Task DeleteAsync_Forgets_AndTheIdIsFreeAgain()
    {
        await using var cluster = await StartAsync();
        var responses = Responses(cluster);
        await responses.StartAsync("r1", Start("hello"));
        await ReadAllAsync(responses, "r1");

        Assert.True(await responses.DeleteAsync("r1"));
        Assert.False(await responses.DeleteAsync("r1"));
        Assert.Null(await responses.GetAsync("r1"));
        Assert.Equal(RequestErrors.ResponseNotFound, (await Assert.ThrowsAsync<RequestException>(() => ReadAllAsync(responses, "r1"))).Code);
        await responses.StartAsync("r1", Start("other"));
        Assert.NotEmpty(Text(await ReadAllAsync(responses, "r1")));
    }

    [Fact]
    public async Task ARefusedTurn_IsToldToWhoWaits_AndMayBeAskedAgain()
    {
        await using var cluster = await StartAsync();
        var responses = Responses(cluster);
        cluster.Model().Refusal = new GenerationEnded { Reason = EndReason.Overloaded, Usage = new Usage(1, 0, 0), Message = "full" };

        await responses.StartAsync("r1", Start("hello"));
        var refused = await Assert.ThrowsAsync<RequestException>(() => ReadAllAsync(responses, "r1"));
        cluster.Model().Refusal = null;
        await responses.StartAsync("r1", Start("hello"));

        Assert.Equal(RequestErrors.Overloaded, refused.Code);
        Assert.NotEmpty(Text(await ReadAllAsync(responses, "r1")));
    }

    [Fact]
    public async Task ABackgroundTurn_WaitsForAClusterThatIsFull()
    {
        await using var cluster = await StartAsync();
        var responses = Responses(cluster);
        cluster.Model().Refusal = new GenerationEnded { Reason = EndReason.Overloaded, Usage = new Usage(1, 0, 0), Message = "full" };
        await responses.StartAsync("r1", Start("hello") with { Background = true });
        await cluster.Model().WhenLeft("r1");
        Assert.Equal(ResponseStatus.InProgress, (await responses.GetAsync("r1"))!.Status);

        cluster.Model().Refusal = null;

        Assert.IsType<ChatEnded>((await ReadAllAsync(responses, "r1"))[^1]);
    }

    /// <summary>The owner's silo dies before, between and after events that a reader has; the reader sees each event once, and no error.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(4)]
    [InlineData(25)]
    public async Task AReader_SeesEveryEventOnce_WhenTheOwnersSiloDies(int diesBefore)
    {
        await using var cluster = await StartAsync(silos: 3, models: silo => silo == 0 ? new FakeModelHost(new FakeModel()) : new FakeModelHost());
        var engine = cluster.Cluster.Silos.Single(silo => cluster.Host(silo).Models.Count > 0);
        var others = cluster.Cluster.Silos.Where(silo => silo != engine).ToArray();
        var expected = await ReadAsync(cluster.ClientIn(engine).ChatAsync(Chat("tell me", seed: 11), Cancelled));

        // The owner is put on a silo that serves nothing; the reader sits with the engine.
        RequestContext.Set(Orleans.Runtime.Placement.IPlacementDirector.PlacementHintKey, others[0].SiloAddress);
        var responses = engine.ServiceProvider.GetRequiredService<IResponseClient>();
        var pause = cluster.Host(engine).Model.PauseBefore(diesBefore);
        await responses.StartAsync("r1", Start("tell me", seed: 11));
        RequestContext.Clear();
        var reading = ReadAllAsync(responses, "r1");
        await pause.Reached;
        await cluster.Cluster.KillSiloAsync(others[0], Cancelled);
        pause.Release();

        Assert.Equal(expected.Events, await reading, Same);
        Assert.Equal(ResponseStatus.Ended, (await responses.GetAsync("r1"))!.Status);
    }

    private static bool Same(ChatEvent expected, ChatEvent actual) => (expected, actual) switch
    {
        (ChatEnded one, ChatEnded other) => one.Reason == other.Reason && one.Usage with { CachedTokens = 0 } == other.Usage with { CachedTokens = 0 },
        (ContentDelta one, ContentDelta other) => one.Text == other.Text,
        _ => expected == actual,
    };

    private static IResponseClient Responses(GrainCluster cluster) => cluster.ClientServices.GetRequiredService<IResponseClient>();

    private static ResponseStart Start(string text, long? seed = null) =>
        new() { Request = Chat(text, seed: seed, id: "r1"), Fingerprint = text };

    private static string Text(IEnumerable<ChatEvent> events) => string.Concat(events.OfType<ContentDelta>().Select(delta => delta.Text));

    private static async Task<List<ChatEvent>> ReadAllAsync(IResponseClient responses, string id, int after = 0)
    {
        var events = new List<ChatEvent>();
        await foreach (var next in responses.ReadAsync(id, after, Cancelled))
        {
            events.Add(next);
        }

        return events;
    }
}

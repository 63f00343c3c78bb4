using Microsoft.Extensions.DependencyInjection;
using Orleans.Storage;
using XLLM.Grains.Interfaces;
using XLLM.Grains.Interfaces.Chat;
using XLLM.Grains.Interfaces.Generation;
using XLLM.Grains.Interfaces.Sessions;
using XLLM.Grains.Ports;
using XLLM.Grains.Sessions;
using XLLM.Grains.Tests.Fakes;
using static XLLM.Grains.Tests.Fakes.GrainCluster;

namespace XLLM.Grains.Tests.Sessions;

public sealed class SessionGrainTests
{
    [Fact]
    public async Task Turns_AreStored_AndTheNextOneSeesThem()
    {
        await using var cluster = await StartAsync();
        cluster.Model().Reply = (prompt, _) => $"<think>hm</think>{prompt.Length}";

        var first = await ReadAsync(cluster.Client.ChatAsync(Chat("one", session: "s"), Cancelled));
        var second = await ReadAsync(cluster.Client.ChatAsync(Chat("two", session: "s"), Cancelled));

        var stored = await cluster.Client.GetSessionAsync("s");
        Assert.Equal(
            ["user:one", $"assistant:{first.Text}", "user:two", $"assistant:{second.Text}"], stored!.Messages.Select(message => $"{message.Role}:{message.Text}"));
        Assert.Equal("hm", stored.Messages[1].Reasoning?.Trim());
        Assert.Equal(("s", "tiny"), (stored.SessionId, stored.Model));
        Assert.True(stored.Created <= stored.Updated);
        Assert.Equal($"user:one\nassistant:{first.Text}\nuser:two\nassistant:".Length, second.Ended.Usage.PromptTokens);
    }

    [Fact]
    public async Task ToolCalls_AreStored_AndAnsweredInTheNextTurn()
    {
        await using var cluster = await StartAsync();
        cluster.Model().Reply = (_, _) => """<tool_call>{"name": "weather", "arguments": {"city": "Oslo"}}</tool_call>""";
        var request = Chat("Oslo?", session: "s") with { ToolsJson = """[{"type":"function","function":{"name":"weather"}}]""" };

        var turn = await ReadAsync(cluster.Client.ChatAsync(request, Cancelled));
        Assert.True(turn.Ended.CalledTools);
        var call = Assert.Single((await cluster.Client.GetSessionAsync("s"))!.Messages[^1].ToolCalls);
        Assert.Equal("weather", call.Name);

        cluster.Model().Reply = (prompt, _) => prompt.Contains("tool:rain", StringComparison.Ordinal) ? "It rains." : "?";
        var answer = request with { RequestId = "r2", Messages = [ChatMessage.FromText("tool", "rain") with { ToolCallId = call.Id }] };
        Assert.Equal("It rains.", (await ReadAsync(cluster.Client.ChatAsync(answer, Cancelled))).Text);
    }

    [Fact]
    public async Task AnAbortedTurn_LeavesTheConversationAsItWas_AndFreesTheGeneration()
    {
        await using var cluster = await StartAsync();
        await ReadAsync(cluster.Client.ChatAsync(Chat("one", session: "s"), Cancelled));
        var before = await cluster.Client.GetSessionAsync("s");
        cluster.Model().PauseBefore(10);

        await foreach (var next in cluster.Client.ChatAsync(Chat("two", session: "s", id: "leaver"), Cancelled))
        {
            if (next is ContentDelta)
            {
                break;
            }
        }

        await cluster.Model().WhenLeft("leaver");
        cluster.Model().PauseBefore(10).Release();
        Assert.Equal(before!.Messages.Count, (await cluster.Client.GetSessionAsync("s"))!.Messages.Count);
        Assert.Equal(EndReason.Stop, (await ReadAsync(WhenFreeAsync(cluster, Chat("three", session: "s")))).Ended.Reason);
        Assert.Equal("three", (await cluster.Client.GetSessionAsync("s"))!.Messages[2].Text);
    }

    [Fact]
    public async Task ASecondTurn_IsRefused_WhileOneRuns()
    {
        await using var cluster = await StartAsync();
        var pause = cluster.Model().PauseBefore(10);
        var running = ReadAsync(cluster.Client.ChatAsync(Chat("one", session: "s"), Cancelled));
        await pause.Reached;

        var busy = await Assert.ThrowsAsync<RequestException>(() => ReadAsync(cluster.Client.ChatAsync(Chat("two", session: "s"), Cancelled)));
        Assert.Equal((RequestErrors.SessionBusy, "session_id"), (busy.Code, busy.Parameter));
        Assert.Equal(RequestErrors.SessionBusy, (await Assert.ThrowsAsync<RequestException>(() => cluster.Client.DeleteSessionAsync("s"))).Code);
        Assert.Null(await cluster.Client.GetSessionAsync("s"));

        pause.Release();
        Assert.Equal(EndReason.Stop, (await running).Ended.Reason);
        Assert.Equal(2, (await cluster.Client.GetSessionAsync("s"))!.Messages.Count);
    }

    [Fact]
    public async Task AFailedTurn_IsNotStored()
    {
        await using var cluster = await StartAsync();
        cluster.Model().Refusal = new GenerationEnded { Reason = EndReason.Failed, Usage = new Usage(1, 0, 0), Message = "a kernel failed" };
        Assert.Equal(
            RequestErrors.EngineFailed, (await Assert.ThrowsAsync<RequestException>(() => ReadAsync(cluster.Client.ChatAsync(Chat("one", session: "s"), Cancelled)))).Code);

        cluster.Model().Refusal = null;
        var pause = cluster.Model().PauseBefore(5);
        var running = ReadAsync(cluster.Client.ChatAsync(Chat("one", session: "s"), Cancelled));
        await pause.Reached;
        cluster.Model().Fault = new GenerationEnded { Reason = EndReason.Failed, Usage = new Usage(1, 0, 0), Message = "a kernel failed" };
        pause.Release();

        Assert.Equal(EndReason.Failed, (await running).Ended.Reason);
        Assert.Null(await cluster.Client.GetSessionAsync("s"));
    }

    [Fact]
    public async Task ATurn_ThatStorageRefuses_EndsAsFailed_AndTheConversationIsWhatIsStored()
    {
        await using var cluster = await StartAsync();
        var pause = cluster.Model().PauseBefore(5);
        var running = ReadAsync(cluster.Client.ChatAsync(Chat("mine", session: "s"), Cancelled));
        await pause.Reached;

        // Another activation, as a split cluster can have for a moment, stores a turn meanwhile.
        var storage = cluster.Cluster.Silos[0].ServiceProvider.GetRequiredKeyedService<IGrainStorage>(StorageNames.Default);
        var id = cluster.Cluster.Client.GetGrain<ISessionGrain>("s").GetGrainId();
        await storage.WriteStateAsync("session", id, new GrainState<SessionState>(new SessionState { Model = "tiny", Messages = [ChatMessage.FromText("user", "theirs")] }));
        pause.Release();

        var turn = await running;
        Assert.Equal(EndReason.Failed, turn.Ended.Reason);
        Assert.Contains("could not be stored", turn.Ended.Message, StringComparison.Ordinal);
        Assert.Equal("theirs", Assert.Single((await cluster.Client.GetSessionAsync("s"))!.Messages).Text);
        Assert.Equal(EndReason.Stop, (await ReadAsync(cluster.Client.ChatAsync(Chat("again", session: "s"), Cancelled))).Ended.Reason);
        Assert.Equal(["theirs", "again"], (await cluster.Client.GetSessionAsync("s"))!.Messages.Take(2).Select(message => message.Text));
    }

    [Fact]
    public async Task AContinuedMessage_IsStoredAsOne()
    {
        await using var cluster = await StartAsync();
        cluster.Model().Reply = (_, _) => " upon a time";
        var request = Chat("A story!", session: "s");

        await ReadAsync(cluster.Client.ChatAsync(request with { Messages = [.. request.Messages, ChatMessage.FromText("assistant", "Once")], ContinueFinalMessage = true }, Cancelled));

        Assert.Equal(["A story!", "Once upon a time"], (await cluster.Client.GetSessionAsync("s"))!.Messages.Select(message => message.Text));
    }

    [Fact]
    public async Task ATurn_IsResumed_WhenTheReplicaDies()
    {
        await using var cluster = await StartAsync(silos: 3, models: silo => silo == 0 ? new FakeModelHost() : new FakeModelHost(new FakeModel()));
        var gateway = cluster.Cluster.Silos.Single(silo => cluster.Host(silo).Models.Count == 0);
        var engines = cluster.Cluster.Silos.Where(silo => silo != gateway).ToArray();

        // A session that lives on the silo without engine survives the death of either of the others.
        var session = await FindSessionOnAsync(cluster, gateway.SiloAddress);
        var pauses = Array.ConvertAll(engines, silo => cluster.Host(silo).Model.PauseBefore(9));
        var running = ReadAsync(cluster.ClientIn(gateway).ChatAsync(Chat("tell me", session, seed: 2), Cancelled));
        var victim = await Pause.FirstReachedAsync(pauses);
        pauses[1 - victim].Release();
        await cluster.Cluster.KillSiloAsync(engines[victim], Cancelled);

        var turn = await running;
        Assert.Equal(EndReason.Stop, turn.Ended.Reason);
        Assert.Equal(40, turn.Text.Length);
    }

    private static async Task<string> FindSessionOnAsync(GrainCluster cluster, Orleans.Runtime.SiloAddress silo)
    {
        var management = cluster.Cluster.Client.GetGrain<Orleans.Runtime.IManagementGrain>(0);
        for (var i = 0; i < 200; i++)
        {
            await ReadAsync(cluster.Client.ChatAsync(Chat("hello", $"s{i}"), Cancelled));
            var address = await management.GetActivationAddress(cluster.Cluster.Client.GetGrain<ISessionGrain>($"s{i}"));
            if (silo.Equals(address))
            {
                return $"s{i}";
            }
        }

        throw new InvalidOperationException("200 sessions, none on the silo");
    }

    /// <summary>The turn that was aborted may hold the session for a moment after its generation has gone.</summary>
    private static async IAsyncEnumerable<ChatEvent> WhenFreeAsync(GrainCluster cluster, ChatRequest request)
    {
        var turn = cluster.Client.ChatAsync(request, Cancelled).GetAsyncEnumerator(Cancelled);
        while (!await TryBeginAsync())
        {
            await turn.DisposeAsync();
            await Task.Yield();
            turn = cluster.Client.ChatAsync(request, Cancelled).GetAsyncEnumerator(Cancelled);
        }

        do
        {
            yield return turn.Current;
        }
        while (await turn.MoveNextAsync());
        await turn.DisposeAsync();

        async Task<bool> TryBeginAsync()
        {
            try
            {
                return await turn.MoveNextAsync();
            }
            catch (RequestException exception) when (exception.Code == RequestErrors.SessionBusy)
            {
                return false;
            }
        }
    }
}

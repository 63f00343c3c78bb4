using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime;
using XLLM.Grains.Interfaces.Catalog;
using XLLM.Grains.Interfaces.Chat;
using XLLM.Grains.Interfaces.Client;
using XLLM.Grains.Interfaces.Generation;
using XLLM.Grains.Replicas;
using XLLM.Grains.Tests.Fakes;
using static XLLM.Grains.Tests.Fakes.GrainCluster;

namespace XLLM.Grains.Tests.Client;

public sealed class ResumeTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(17)]
    public async Task ChatAsync_TellsEveryTokenOnce_WhenItsReplicaDies(int diesBefore)
    {
        await using var cluster = await StartAsync(silos: 3, models: silo => silo == 0 ? new FakeModelHost() : new FakeModelHost(new FakeModel()));
        var gateway = cluster.Cluster.Silos.Single(silo => cluster.Host(silo).Models.Count == 0);
        var engines = cluster.Cluster.Silos.Where(silo => silo != gateway).ToArray();
        var expected = await ReadAsync(cluster.ClientIn(gateway).ChatAsync(Chat("tell me", seed: 11), Cancelled));

        // Whichever takes it stops before a token, and is killed there.
        var pauses = engines.Select(silo => cluster.Host(silo).Model.PauseBefore(diesBefore)).ToArray();
        var reading = ReadAsync(cluster.ClientIn(gateway).ChatAsync(Chat("tell me", seed: 11) with { TopLogprobs = 0 }, Cancelled));
        var victim = await Pause.FirstReachedAsync(pauses);
        pauses[1 - victim].Release();
        await cluster.Cluster.KillSiloAsync(engines[victim], Cancelled);

        var turn = await reading;
        Assert.Equal(expected.Text, turn.Text);
        Assert.Equal(expected.Text, string.Concat(turn.Events.OfType<ContentDelta>().SelectMany(delta => delta.Logprobs ?? []).Select(logprob => logprob.Text)));
        Assert.Equal(expected.Ended.Usage with { CachedTokens = 0 }, turn.Ended.Usage with { CachedTokens = 0 });
        AssertStopped(turn);
    }

    [Fact]
    public async Task ChatAsync_WaitsForASilo_WhenTheOnlyOneThatServesDies()
    {
        await using var cluster = await StartAsync(silos: 2, models: silo => silo == 0 ? new FakeModelHost() : new FakeModelHost(new FakeModel()));
        var gateway = cluster.Cluster.Silos.Single(silo => cluster.Host(silo).Models.Count == 0);
        var engine = cluster.Cluster.Silos.Single(silo => silo != gateway);
        var expected = await ReadAsync(cluster.ClientIn(gateway).ChatAsync(Chat("tell me", seed: 11), Cancelled));
        var pause = cluster.Host(engine).Model.PauseBefore(7);
        var reading = ReadAsync(cluster.ClientIn(gateway).ChatAsync(Chat("tell me", seed: 11), Cancelled));
        await pause.Reached;

        // Nobody serves the model until the others know that its silo is dead, and a supervisor has started another.
        await cluster.Cluster.KillSiloAsync(engine, Cancelled);
        var catalog = cluster.Cluster.Client.GetGrain<IModelCatalogGrain>(0);
        while ((await catalog.ListReplicasAsync("tiny")).Length > 0)
        {
            await Task.Delay(20, Cancelled);
        }

        pause.Release();            // the new silo may have the old one's name, and with it the host
        await cluster.Cluster.StartAdditionalSiloAsync();

        var turn = await reading;
        AssertSame(expected, turn);
    }

    [Fact]
    public async Task ChatAsync_GoesOnElsewhere_AsSoonAsItsHangingSiloIsCalledDead()
    {
        await using var cluster = await StartAsync(silos: 3, models: silo => silo == 0 ? new FakeModelHost() : new FakeModelHost(new FakeModel()));
        var gateway = cluster.Cluster.Silos.Single(silo => cluster.Host(silo).Models.Count == 0);
        var engines = cluster.Cluster.Silos.Where(silo => silo != gateway).ToArray();
        var expected = await ReadAsync(cluster.ClientIn(gateway).ChatAsync(Chat("tell me", seed: 11), Cancelled));
        var pauses = engines.Select(silo => cluster.Host(silo).Model.PauseBefore(7)).ToArray();
        var reading = ReadAsync(cluster.ClientIn(gateway).ChatAsync(Chat("tell me", seed: 11), Cancelled));
        var hangs = await Pause.FirstReachedAsync(pauses);
        pauses[1 - hangs].Release();

        // It says nothing, not even that it is left; only the membership can know.
        ((ISiloStatusListener)gateway.ServiceProvider.GetRequiredService<ISiloDeaths>()).SiloStatusChangeNotification(engines[hangs].SiloAddress, SiloStatus.Dead);

        AssertSame(expected, await reading.WaitAsync(TimeSpan.FromSeconds(60), Cancelled));
        pauses[hangs].Release();
    }

    [Fact]
    public async Task ChatAsync_GoesOnElsewhere_WhileASiloStopsOfWhichTheRouterHasNotHeard()
    {
        await using var cluster = await StartAsync(silos: 3, models: silo => silo == 0 ? new FakeModelHost() : new FakeModelHost(new FakeModel()));
        var gateway = cluster.Cluster.Silos.Single(silo => cluster.Host(silo).Models.Count == 0);
        var client = cluster.ClientIn(gateway);
        var expected = await ReadAsync(client.ChatAsync(Chat("tell me", seed: 11), Cancelled));
        var engines = cluster.Cluster.Silos.Where(silo => silo != gateway).ToArray();

        // One stream is in its midst there; later ones meet a silo that refuses.
        var pauses = engines.Select(silo => cluster.Host(silo).Model.PauseBefore(7)).ToArray();
        var turns = Enumerable.Range(0, 8).Select(_ => ReadAsync(client.ChatAsync(Chat("tell me", seed: 11), Cancelled))).ToArray();
        var stopping = await Pause.FirstReachedAsync(pauses);
        await engines[stopping].ServiceProvider.GetRequiredService<StreamsClosing>().CloseAsync();
        Array.ForEach(pauses, pause => pause.Release());
        turns = [.. turns, .. Enumerable.Range(0, 8).Select(_ => ReadAsync(client.ChatAsync(Chat("tell me", seed: 11), Cancelled)))];

        Assert.All(await Task.WhenAll(turns), turn => AssertSame(expected, turn));
    }

    [Fact]
    public async Task ChatAsync_EndsWithUnavailable_WhenTheLastReplicaDrainsMidway()
    {
        await using var cluster = await StartAsync();
        var pause = cluster.Model().PauseBefore(5);

        var reading = ReadAsync(cluster.Client.ChatAsync(Chat("hi"), Cancelled));
        await pause.Reached;
        cluster.Model().Fault = new GenerationEnded { Reason = EndReason.Unavailable, Usage = new Usage(1, 0, 5), Message = "it drains" };
        pause.Release();

        var turn = await reading;
        Assert.Equal((EndReason.Unavailable, 5), (turn.Ended.Reason, turn.Ended.Usage.GeneratedTokens));
        Assert.Contains("it drains", turn.Ended.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ChatAsync_GoesOnElsewhere_WhenAReplicaDrainsMidway()
    {
        await using var cluster = await StartAsync(silos: 2);
        var pauses = new[] { cluster.Model(0).PauseBefore(5), cluster.Model(1).PauseBefore(5) };

        var reading = ReadAsync(cluster.Client.ChatAsync(Chat("hi", seed: 4), Cancelled));
        var first = await Pause.FirstReachedAsync(pauses);
        cluster.Model(first).Fault = new GenerationEnded { Reason = EndReason.Unavailable, Usage = new Usage(1, 0, 5), Message = "it drains" };
        pauses[0].Release();
        pauses[1].Release();

        var turn = await reading;
        AssertStopped(turn);
        Assert.Equal(40, turn.Text.Length);
        Assert.Equal(5, Assert.Single(cluster.Model(1 - first).Requests).GeneratedTokens.Length);
    }

    [Fact]
    public async Task ChatAsync_EndsWithFailed_WhenTheEngineFailsMidway()
    {
        await using var cluster = await StartAsync();
        var pause = cluster.Model().PauseBefore(5);

        var reading = ReadAsync(cluster.Client.ChatAsync(Chat("hi"), Cancelled));
        await pause.Reached;
        cluster.Model().Fault = new GenerationEnded { Reason = EndReason.Failed, Usage = new Usage(1, 0, 5), Message = "a kernel failed" };
        pause.Release();

        var turn = await reading;
        Assert.Equal((EndReason.Failed, "a kernel failed"), (turn.Ended.Reason, turn.Ended.Message));
        Assert.Single(cluster.Model().Requests);
    }

    private static void AssertSame(Turn expected, Turn turn)
    {
        AssertStopped(turn);
        Assert.Equal(expected.Text, turn.Text);
    }

    private static void AssertStopped(Turn turn) => Assert.True(turn.Ended.Reason == EndReason.Stop, $"{turn.Ended.Reason} after '{turn.Text}': {turn.Ended.Message}");
}

using Orleans.Runtime;
using Orleans.Runtime.Placement;
using XLLM.Grains.Interfaces.Chat;
using XLLM.Grains.Interfaces.Client;
using XLLM.Grains.Interfaces.Generation;
using XLLM.Grains.Tests.Fakes;
using static XLLM.Grains.Tests.Fakes.GrainCluster;

namespace XLLM.Grains.Tests.Sessions;

public sealed class SessionResumeTests
{
    /// <summary>The session's silo dies in mid-turn: its caller sees the turn that it would have seen, and the conversation has it once.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(30)]
    public async Task ATurn_GoesOn_WhenTheSessionsSiloDies(int diesBefore)
    {
        await using var cluster = await StartAsync(silos: 3, models: silo => silo == 0 ? new FakeModelHost(new FakeModel()) : new FakeModelHost());
        var engine = cluster.Cluster.Silos.Single(silo => cluster.Host(silo).Models.Count > 0);
        var victim = cluster.Cluster.Silos.First(silo => silo != engine);
        var expected = await ReadAsync(cluster.ClientIn(engine).ChatAsync(Chat("tell me", seed: 5), Cancelled));

        RequestContext.Set(IPlacementDirector.PlacementHintKey, victim.SiloAddress);
        var pause = cluster.Host(engine).Model.PauseBefore(diesBefore);
        var reading = ReadAsync(cluster.ClientIn(engine).ChatAsync(Chat("tell me", session: "s", seed: 5), Cancelled));
        await pause.Reached;
        RequestContext.Clear();
        await cluster.Cluster.KillSiloAsync(victim, Cancelled);
        pause.Release();

        var turn = await reading;
        Assert.Equal((expected.Text, EndReason.Stop), (turn.Text, turn.Ended.Reason));
        var stored = await cluster.ClientIn(engine).GetSessionAsync("s");
        Assert.Equal(["user:tell me", $"assistant:{expected.Text}"], stored!.Messages.Select(message => $"{message.Role}:{message.Text}"));
    }

    [Fact]
    public async Task TheSameTurnAskedAgain_IsToldAgain_AndStoredOnce()
    {
        await using var cluster = await StartAsync();
        var request = Chat("one", session: "s", seed: 1, id: "turn-1");

        var first = await ReadAsync(cluster.Client.ChatAsync(request, Cancelled));
        var again = await ReadAsync(cluster.Client.ChatAsync(request, Cancelled));

        Assert.Equal(first.Text, again.Text);
        Assert.Equal(2, (await cluster.Client.GetSessionAsync("s"))!.Messages.Count);
    }
}

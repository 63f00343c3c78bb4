using Orleans.Runtime;
using XLLM.Grains.Interfaces;
using XLLM.Grains.Interfaces.Catalog;
using XLLM.Grains.Interfaces.Replicas;
using XLLM.Grains.Interfaces.Routing;
using XLLM.Grains.Routing;
using XLLM.Grains.Tests.Fakes;

namespace XLLM.Grains.Tests.Routing;

public sealed class ModelReplicasTests
{
    private readonly ModelReplicas _replicas = new("tiny", seed: 1);

    [Fact]
    public void Choose_CountsWhatItSentItself_UntilTheReplicaAnnouncesANewerLoad()
    {
        _replicas.Update([Announce(1, pending: 0, beat: 1), Announce(2, pending: 50, beat: 1)]);

        Assert.Equal(Key(1), Choose(promptTokens: 60));     // 0 against 50
        Assert.Equal(Key(2), Choose(promptTokens: 60));     // 60 sent against 50
        Assert.Equal(Key(1), Choose(promptTokens: 60));     // 60 against 110

        _replicas.Update([Announce(1, pending: 0, beat: 1), Announce(2, pending: 0, beat: 2)]);
        Assert.Equal(Key(2), Choose(promptTokens: 1));      // the load of 1 is the one seen before; that of 2 is new
    }

    [Fact]
    public void Choose_TakesNoReplica_ThatDrainsOrIsDeadOrWasLost()
    {
        _replicas.Update([Announce(1), Announce(2) with { State = ReplicaState.Draining }, Announce(3), Announce(4)]);

        for (var i = 0; i < 10; i++)
        {
            Assert.Equal(Key(4), Choose(excluded: [Key(1)], dead: 3));
        }

        var exception = Assert.Throws<RequestException>(() => Choose(excluded: [Key(1), Key(4)], dead: 3));
        Assert.Equal(RequestErrors.Unavailable, exception.Code);
        Assert.Equal("none of the 4 replicas of 'tiny' can take the request: 1 drain, 1 are gone, 2 were tried already", exception.Message);
    }

    [Fact]
    public void Choose_SaysThatThereIsNoSuchModel_WhenNobodyServesIt() =>
        Assert.Equal(RequestErrors.ModelNotFound, Assert.Throws<RequestException>(() => Choose()).Code);

    private ReplicaKey Choose(int promptTokens = 10, ReplicaKey[]? excluded = null, int dead = 0) =>
        _replicas.Choose(new LeastTokens(), new RoutingRequest([], promptTokens, excluded ?? []), silo => silo.Endpoint.Port == dead).Replica;

    private static ReplicaKey Key(int port) => new("tiny", SiloAddress.New(System.Net.IPAddress.Loopback, port, 1).ToParsableString());

    private static ReplicaAnnouncement Announce(int port, int pending = 0, long beat = 1) =>
        new(Key(port), new FakeModel().Descriptor, ReplicaRole.Mixed, ReplicaState.Ready, new ReplicaLoad { PendingTokens = pending }, beat);
}

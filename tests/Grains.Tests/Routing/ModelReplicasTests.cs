using Orleans.Runtime;
using XLLM.Grains.Interfaces;
using XLLM.Grains.Interfaces.Catalog;
using XLLM.Grains.Interfaces.Replicas;
using XLLM.Grains.Interfaces.Routing;
using XLLM.Grains.Prefixes;
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

    [Fact]
    public void WhatHasEnded_CountsNoLonger_AndNothingIsTakenBackTwice()
    {
        _replicas.Update([Announce(1), Announce(2, pending: 50)]);
        var other = new ModelReplicas("tiny", seed: 2);
        other.Update([Announce(1), Announce(2, pending: 50)]);
        var first = Sent(_replicas);
        Assert.Equal(Key(1), first.Replica);

        _replicas.Ended(Sent(other).Ticket);                // another silo's
        Assert.Equal(1, _replicas.RoutedSequences(Key(1)));
        _replicas.Ended(first.Ticket);
        _replicas.Ended(first.Ticket);
        Assert.Equal(0, _replicas.RoutedSequences(Key(1)));
        Assert.Equal(Key(1), Choose(promptTokens: 60));     // 0 against 50 again

        var second = Sent(_replicas);
        _replicas.Update([Announce(1, beat: 2), Announce(2, pending: 50, beat: 2)]);
        _replicas.Ended(second.Ticket);                     // the announcement counts it no more, or will not
        Assert.Equal(Key(1), Choose(promptTokens: 60));
        Assert.Equal(Key(2), Choose(promptTokens: 60));

        static ReplicaChoice Sent(ModelReplicas replicas) => replicas.Choose(new LeastTokens(), new RoutingRequest([], 60, []), _ => false);
    }

    [Fact]
    public void Choose_CountsOnlyWhatIsToBeComputed()
    {
        var replicas = new ModelReplicas("tiny", seed: 1, new Held(Key(1), blocks: 3));
        replicas.Update([Announce(1), Announce(2)]);

        Assert.Equal(Key(1), Choose(60));       // 12 of 60 tokens are new
        Assert.Equal(Key(1), Choose(60));       // 12 + 12 against 60
        Assert.Equal(2, replicas.RoutedSequences(Key(1)));
        replicas.Update([Announce(1, beat: 2), Announce(2, beat: 2)]);
        Assert.Equal(0, replicas.RoutedSequences(Key(1)));

        ReplicaKey Choose(int tokens) =>
            replicas.Choose(new LeastTokens(), new RoutingRequest(new PrefixHash[3], tokens, []), _ => false).Replica;
    }

    [Fact]
    public void Choose_TrustsTheConversationsMemory_WhereNothingIsKnownOfTheReplica()
    {
        _replicas.Update([Announce(1), Announce(2, pending: 20)]);
        var hashes = new PrefixHash[4];

        Assert.Equal(Key(2), ChooseAfter(new PrefixHolder(Key(2), Tokens: 64)));     // 20 + 70 - 64 against 70
        Assert.Equal(Key(1), ChooseAfter(new PrefixHolder(Key(9), Tokens: 64)));     // gone
        Assert.Equal(Key(1), ChooseAfter(null));

        var seen = new ModelReplicas("tiny", seed: 1, new Held(Key(2), blocks: 1));
        seen.Update([Announce(1), Announce(2, pending: 20)]);
        Assert.Equal(Key(1), seen.Choose(new LeastTokens(), new RoutingRequest(hashes, 70, [], new PrefixHolder(Key(2), 64)), _ => false).Replica);     // 3 of 4 are evicted

        ReplicaKey ChooseAfter(PrefixHolder? last)
        {
            var replicas = new ModelReplicas("tiny", seed: 1);
            replicas.Update([Announce(1), Announce(2, pending: 20)]);
            return replicas.Choose(new LeastTokens(), new RoutingRequest(hashes, 70, [], last), _ => false).Replica;
        }
    }

    [Fact]
    public void Choose_AvoidsReplicasThatFellSilent_WhileOthersSpeak()
    {
        var second = TimeSpan.FromSeconds(1);
        _replicas.Update([Announce(1, pending: 0, beat: 1), Announce(2, pending: 500, beat: 1)], now: second);
        _replicas.Update([Announce(1, pending: 0, beat: 1), Announce(2, pending: 500, beat: 2)], now: 7 * second);

        Assert.Equal(Key(2), ChooseAt(7 * second));         // 1 was last heard of 6 s ago
        Assert.Equal(Key(1), ChooseAt(13 * second));        // both are old: the catalog is late, not they

        _replicas.Update([Announce(1, pending: 0, beat: 2), Announce(2, pending: 500, beat: 3)], now: 14 * second);
        Assert.Equal(Key(1), ChooseAt(14 * second));

        ReplicaKey ChooseAt(TimeSpan now) => _replicas.Choose(new LeastTokens(), new RoutingRequest([], 10, []), _ => false, now).Replica;
    }

    [Fact]
    public void Choose_GivesSaltedPromptsNoForeignPrefix()
    {
        // Two tenants, one prompt: their hashes differ from the first block on, so only the owner's replica counts as holding it.
        int[] tokens = [.. Enumerable.Range(0, 64)];
        var mine = PrefixHash.Chain(PrefixHash.Root("tiny", "tenant-a"), tokens, 16);
        var other = PrefixHash.Chain(PrefixHash.Root("tiny", "tenant-b"), tokens, 16);
        var none = PrefixHash.Chain(PrefixHash.Root("tiny", null), tokens, 16);
        Assert.Empty(mine.Intersect(other).Union(mine.Intersect(none)));

        foreach (var selector in new IReplicaSelector[] { new CacheAware(), new CacheProduct(), new FirstToken(), new LeastTokens() })
        {
            var replicas = new ModelReplicas("tiny", seed: 1, new Held(Key(2), blocks: 4, mine));
            replicas.Update([Announce(1), Announce(2, pending: 30)]);

            Assert.Equal(Key(2), replicas.Choose(selector, new RoutingRequest(mine, 64, []), _ => false).Replica);
            replicas.Update([Announce(1, beat: 2), Announce(2, pending: 30, beat: 2)]);
            Assert.Equal(Key(1), replicas.Choose(selector, new RoutingRequest(other, 64, []), _ => false).Replica);
            replicas.Update([Announce(1, beat: 3), Announce(2, pending: 30, beat: 3)]);
            Assert.Equal(Key(1), replicas.Choose(selector, new RoutingRequest(none, 64, []), _ => false).Replica);
        }
    }

    [Fact]
    public void Choose_RefusesWhatWouldBeLate_OnlyWhereAsked()
    {
        var load = new ReplicaLoad { PendingTokens = 10_000, MaxStepTokens = 512, StepTimes = new StepTimeModel(0.01, 1e-3, 0, 0, 0) };
        ReplicaAnnouncement[] busy = [Announce(1) with { Load = load }, Announce(2) with { Load = load }];
        var options = new RoutingOptions { RefuseLate = true, FirstTokenObjective = TimeSpan.FromSeconds(4) };

        var refusing = new ModelReplicas("tiny", seed: 1, options: options);
        refusing.Update(busy);
        var exception = Assert.Throws<RequestException>(() => refusing.Choose(new FirstToken(), new RoutingRequest([], 100, []), _ => false));
        Assert.Equal(RequestErrors.Overloaded, exception.Code);
        Assert.Equal("the first token of 'tiny' would come after 10.3 s at best, the objective is 4.0 s", exception.Message);
        Assert.Equal(0, refusing.RoutedSequences(Key(1)));

        _replicas.Update(busy);
        Assert.Equal("no prefix", _replicas.Choose(new FirstToken(), new RoutingRequest([], 100, []), _ => false).Reason);
    }

    [Fact]
    public void Choose_TellsWhoShouldSendThePrefix()
    {
        var load = new ReplicaLoad { MaxStepTokens = 512, StepTimes = new StepTimeModel(0.01, 1e-3, 0, 0, 0) };
        var replicas = new ModelReplicas("tiny", seed: 1, new Held(Key(2), blocks: 30), new RoutingOptions { CopyTokensPerSecond = 1e5 });
        replicas.Update([Announce(1) with { Load = load }, Announce(2) with { Load = load with { PendingTokens = 5000 } }]);

        var choice = replicas.Choose(new FirstToken(), new RoutingRequest(new PrefixHash[40], 640, []), _ => false);

        Assert.Equal((Key(1), "prefix copied", new PrefixHolder(Key(2), 480)), (choice.Replica, choice.Reason, choice.CopyFrom));
    }

    [Fact]
    public void Choose_NamesNobody_WhoLendsNothing()
    {
        var load = new ReplicaLoad { MaxStepTokens = 512, StepTimes = new StepTimeModel(0.01, 1e-3, 0, 0, 0) };
        var replicas = new ModelReplicas("tiny", seed: 1, new Held(Key(2), blocks: 30, lends: false), new RoutingOptions { CopyTokensPerSecond = 1e5 });
        replicas.Update([Announce(1) with { Load = load }, Announce(2) with { Load = load with { PendingTokens = 5000 } }]);

        var choice = replicas.Choose(new FirstToken(), new RoutingRequest(new PrefixHash[40], 640, []), _ => false);

        Assert.Equal((Key(1), "prefix elsewhere", null), (choice.Replica, choice.Reason, choice.CopyFrom));
    }

    /// <summary>One replica holds the first blocks of a prompt, or of every prompt.</summary>
    private sealed class Held(ReplicaKey holder, int blocks, PrefixHash[]? prompt = null, bool lends = true) : IPrefixView
    {
        public bool Lends(ReplicaKey replica) => lends;

        public void Find(ReadOnlySpan<PrefixHash> prefix, ReadOnlySpan<ReplicaKey> replicas, Span<PrefixHolding> holdings)
        {
            holdings.Clear();
            if (replicas.IndexOf(holder) is var place and >= 0 && (prompt is null || prefix.SequenceEqual(prompt)))
            {
                holdings[place] = new PrefixHolding(blocks, blocks);
            }
        }
    }

    private ReplicaKey Choose(int promptTokens = 10, ReplicaKey[]? excluded = null, int dead = 0) =>
        _replicas.Choose(new LeastTokens(), new RoutingRequest([], promptTokens, excluded ?? []), silo => silo.Endpoint.Port == dead).Replica;

    private static ReplicaKey Key(int port) => new("tiny", SiloAddress.New(System.Net.IPAddress.Loopback, port, 1).ToParsableString());

    private static ReplicaAnnouncement Announce(int port, int pending = 0, long beat = 1) =>
        new(Key(port), new FakeModel().Descriptor, ReplicaRole.Mixed, ReplicaState.Ready, new ReplicaLoad { PendingTokens = pending }, beat);
}

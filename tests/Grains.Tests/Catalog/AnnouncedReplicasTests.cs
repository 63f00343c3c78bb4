using XLLM.Grains.Catalog;
using XLLM.Grains.Interfaces.Catalog;
using XLLM.Grains.Interfaces.Replicas;
using XLLM.Grains.Tests.Fakes;

namespace XLLM.Grains.Tests.Catalog;

public sealed class AnnouncedReplicasTests
{
    private static readonly TimeSpan ExpireAfter = TimeSpan.FromSeconds(10);

    [Fact]
    public void AReplica_LivesWhileItIsAnnounced_AndExpiresAfterSilence()
    {
        var replicas = Create();
        replicas.Announce(Announcement("a", "s1"), TimeSpan.Zero);
        replicas.Announce(Announcement("a", "s2"), TimeSpan.Zero);
        replicas.Announce(Announcement("a", "s1", beat: 2), TimeSpan.FromSeconds(8));

        replicas.Expire(TimeSpan.FromSeconds(10), _ => false);
        Assert.Equal(["s1", "s2"], replicas.Replicas("a").Select(replica => replica.Replica.Silo));

        replicas.Expire(TimeSpan.FromSeconds(10.5), _ => false);
        Assert.Equal(["s1"], replicas.Replicas("a").Select(replica => replica.Replica.Silo));

        replicas.Expire(TimeSpan.FromSeconds(10.5), replica => replica.Silo == "s1");
        Assert.Empty(replicas.Replicas("a"));
    }

    [Fact]
    public void AnOvertakenAnnouncement_IsASignOfLife_ButNoNews()
    {
        var replicas = Create();
        replicas.Announce(Announcement("a", "s1", beat: 2), TimeSpan.Zero);
        replicas.Announce(Announcement("a", "s1", beat: 1), TimeSpan.FromSeconds(9));

        replicas.Expire(TimeSpan.FromSeconds(15), _ => false);
        Assert.Equal(2, Assert.Single(replicas.Replicas("a")).Beat);
    }

    /// <summary>Against a list of all that was ever said: a replica is there exactly if its last word was an announcement that is not too old.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Replicas_AreThoseWhoseLastWordIsAFreshAnnouncement(int seed)
    {
        var random = new Random(seed);
        var replicas = Create();
        var said = new List<(ReplicaKey Replica, TimeSpan At, bool Announced)>();
        var now = TimeSpan.Zero;
        for (var step = 0; step < 2000; step++)
        {
            now += TimeSpan.FromSeconds(random.NextDouble() * 3);
            var announcement = Announcement($"model {random.Next(2)}", $"silo {random.Next(4)}", step);
            var announces = random.Next(4) > 0;
            said.Add((announcement.Replica, now, announces));
            if (announces)
            {
                replicas.Announce(announcement, now);
            }
            else
            {
                replicas.Withdraw(announcement.Replica);
            }

            replicas.Expire(now, _ => false);
            var expected = said.GroupBy(word => word.Replica).Select(words => words.Last()).Where(word => word.Announced && now - word.At <= ExpireAfter).Select(word => word.Replica).ToArray();
            Assert.Equal(expected.ToHashSet(), replicas.Replicas("model 0").Concat(replicas.Replicas("model 1")).Select(replica => replica.Replica).ToHashSet());
            Assert.Equal(expected.Select(replica => replica.Model).Distinct().Order(), replicas.Models().Select(model => model.Name));
        }
    }

    [Fact]
    public void AnAnswer_WaitsForSilosThatHaveNotCalledIn_LongerWithNothingToSay()
    {
        var replicas = Create();
        string[] silos = ["s1", "s2"];
        var (asked, now) = (TimeSpan.FromSeconds(0.5), TimeSpan.FromSeconds(0.75));
        replicas.Heard("s1", TimeSpan.Zero);

        Assert.Equal(TimeSpan.FromSeconds(0.25), replicas.Wait(knowsAny: true, asked, now, silos));
        Assert.Equal(TimeSpan.FromSeconds(9.75), replicas.Wait(knowsAny: false, asked, now, silos));
        Assert.True(replicas.Wait(knowsAny: false, asked, asked + ExpireAfter, silos) <= TimeSpan.Zero);

        replicas.Heard("s2", now);
        Assert.Equal(TimeSpan.Zero, replicas.Wait(knowsAny: true, asked, now, silos));
        Assert.Equal(TimeSpan.Zero, replicas.Wait(knowsAny: false, asked, now, silos));
        Assert.True(replicas.Wait(knowsAny: false, asked, now, [.. silos, "s3"]) > TimeSpan.Zero);
    }

    /// <summary>All processes were stopped for a while: what was announced has expired, and nobody has had the time to announce it again.</summary>
    [Fact]
    public void AfterASilenceOfAll_NoAnswer_IsThatNobodyServes_BeforeAllHaveCalledInAgain()
    {
        var replicas = Create();
        string[] silos = ["s1", "s2"];
        replicas.Announce(Announcement("a", "s1"), TimeSpan.Zero);
        replicas.Heard("s1", TimeSpan.Zero);
        replicas.Heard("s2", TimeSpan.Zero);

        var woken = ExpireAfter * 2;
        replicas.Expire(woken, _ => false);
        Assert.Empty(replicas.Replicas("a"));
        Assert.Equal(ExpireAfter, replicas.Wait(knowsAny: false, woken, woken, silos));
        Assert.Equal(TimeSpan.Zero, replicas.Wait(knowsAny: true, woken, woken, silos));     // another model's replica is known: it is told at once

        replicas.Heard("s2", woken);
        Assert.True(replicas.Wait(knowsAny: false, woken, woken, silos) > TimeSpan.Zero);
        replicas.Heard("s1", woken);
        Assert.Equal(TimeSpan.Zero, replicas.Wait(knowsAny: false, woken, woken, silos));

        // The next heartbeat may be late by one.
        Assert.Equal(TimeSpan.Zero, replicas.Wait(knowsAny: false, woken, woken + (ExpireAfter / 5), silos));
        Assert.True(replicas.Wait(knowsAny: false, woken, woken + (ExpireAfter / 4), silos) > TimeSpan.Zero);
    }

    private static AnnouncedReplicas Create() => new(ExpireAfter / 10, 10);

    private static ReplicaAnnouncement Announcement(string model, string silo, long beat = 1) =>
        new(new ReplicaKey(model, silo), new FakeModel(model).Descriptor, ReplicaRole.Mixed, ReplicaState.Ready, new ReplicaLoad(), beat);
}

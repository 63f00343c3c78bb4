using CsCheck;
using XLLM.Grains.Interfaces.Replicas;
using XLLM.Grains.Interfaces.Routing;
using XLLM.Grains.Prefixes;
using XLLM.Grains.Routing;
using XLLM.Silo.KvCache;
using XLLM.Simulator.Replicas;
using XLLM.Simulator.Reports;
using XLLM.Simulator.Traces;
using XLLM.Testing;

namespace XLLM.Simulator.Tests;

public sealed class ReplayTests
{
    private static readonly EngineShape Small = new("small", new StepTimeModel(0.01, 1e-4, 0, 1e-8, 1e-9), 64 * 512, 512, 16);

    public static TheoryData<string> Policies => [.. ReplayVerb.Selectors().Select(selector => selector.Name)];

    [Theory]
    [MemberData(nameof(Policies))]
    public void TheSameSeed_GivesTheSameResult_AndEveryRequestIsServed(string policy)
    {
        var trace = Conversations(seed: 5, requests: 300);
        var settings = new ReplaySettings { Replicas = 4, Engine = Small, Routers = 2 };

        var first = Replay.Run(trace, settings, Selector(policy));
        var second = Replay.Run(trace, settings, Selector(policy));

        Assert.Equal(MarkdownTable.Row(first), MarkdownTable.Row(second));
        Assert.Equal((first.End, first.FirstToken.Mean), (second.End, second.FirstToken.Mean));
        Assert.Equal((0, 300), (first.Refused, first.Reasons.Values.Sum()));
        Assert.True(first.HitRate > 0 && first.HitRate <= IdealHits.ByToken(trace));
    }

    [Fact]
    public void TheSeed_IsThatOfTheDraws()
    {
        var trace = Conversations(seed: 5, requests: 300);
        var settings = new ReplaySettings { Replicas = 4, Engine = Small };

        Assert.NotEqual(
            Replay.Run(trace, settings, new PowerOfTwoChoices()).FirstToken.Mean, Replay.Run(trace, settings with { Seed = 2 }, new PowerOfTwoChoices()).FirstToken.Mean);
        Assert.Equal(
            Replay.Run(trace, settings, new LeastTokens()).FirstToken.Mean, Replay.Run(trace, settings with { Seed = 2 }, new LeastTokens()).FirstToken.Mean);
    }

    [Fact]
    public void ARequestAlone_TakesWhatTheStepTimesSay()
    {
        // 1,024 tokens in two steps of 512, then three tokens one by one.
        var trace = new Trace("one", 512, [new TraceRequest(0, 1024, 4, [0, 1])]);
        var model = new StepTimeModel(0.01, 1e-4, 0, 0, 0);

        var result = Replay.Run(trace, new ReplaySettings { Replicas = 1, Engine = Small with { StepTimes = model } }, new RoundRobin());

        Assert.Equal(2 * (0.01 + 0.0512), result.FirstToken.Mean, precision: 12);
        Assert.Equal(0.0101, result.PerToken.Mean, precision: 12);
    }

    [Fact]
    public void OneReplicaWithRoomForAll_FindsWhatACacheWithoutBoundsWould()
    {
        var path = Paths.TryShared("data", "traces", "mooncake", "synthetic_trace.jsonl");
        Assert.SkipWhen(path is null, "../shared/data/traces/mooncake/synthetic_trace.jsonl is missing");
        var trace = TraceReader.Read(path);

        // So slowly that every prompt is cached before the next one comes; the engine's own KV blocks and prefix hashes, 512 tokens each.
        var settings = new ReplaySettings { Replicas = 1, Speed = 0.001, Heartbeat = 60, Engine = EngineShape.Llama70 with { KvTokens = 80_000_000 } };
        var result = Replay.Run(trace, settings, new RoundRobin());

        Assert.Equal(IdealHits.ByToken(trace), result.HitRate, precision: 12);
        Assert.Equal(0, result.Preemptions);
    }

    [Fact]
    public void CacheAware_IsHalfAgainAsFastAsRoundRobin_WhereThatSaturates()
    {
        var path = Paths.TryShared("data", "traces", "mooncake", "conversation_trace.jsonl");
        Assert.SkipWhen(path is null, "../shared/data/traces/mooncake/conversation_trace.jsonl is missing");
        var trace = TraceReader.Read(path);
        var settings = new ReplaySettings { Speed = 1.15, MostRequests = 4000 };

        var blind = Replay.Run(trace, settings, new RoundRobin());
        Assert.True(blind.Attainment < 0.6, $"{blind.Attainment:P0} meet the objectives: that is not saturated");
        foreach (var policy in new IReplicaSelector[] { new CacheProduct(), new CacheAware(), new FirstToken(), new LeastTokens() })
        {
            var aware = Replay.Run(trace, settings, policy);
            Assert.True(blind.FirstToken.Mean >= 1.5 * aware.FirstToken.Mean, $"{policy.Name}: {aware.FirstToken.Mean:F2} s, round robin {blind.FirstToken.Mean:F2} s");
            Assert.True(aware.HitRate > 1.5 * blind.HitRate, $"{policy.Name}: {aware.HitRate:P1}, round robin {blind.HitRate:P1}");
        }
    }

    [Theory]
    [MemberData(nameof(Policies))]
    public void Overload_IsSharedByAll(string policy)
    {
        // Ten times what two replicas can do: whatever is predicted then, no replica may stand idle.
        var trace = Conversations(seed: 3, requests: 400);

        var result = Replay.Run(trace, new ReplaySettings { Replicas = 2, Speed = 40, Engine = Small }, Selector(policy));

        Assert.InRange(result.Imbalance, 1, 1.2);
    }

    [Fact]
    public void AHotPrefix_IsCopied_WhereCopyingIsOn()
    {
        var requests = Enumerable.Range(0, 200).Select(i => new TraceRequest(i * 0.02, (20 * 512) + 100, 2, [.. Enumerable.Range(0, 20), 1000 + i])).ToArray();
        var trace = new Trace("hot", 512, requests);
        var settings = new ReplaySettings { Replicas = 4, Engine = Small with { KvTokens = 400 * 512 } };

        var copying = Replay.Run(trace, settings with { Routing = new RoutingOptions { CopyTokensPerSecond = 1e6 } }, new FirstToken());
        var computing = Replay.Run(trace, settings, new FirstToken());

        Assert.InRange(copying.Reasons.GetValueOrDefault("prefix copied"), 1, 50);
        Assert.DoesNotContain("prefix copied", computing.Reasons.Keys);
        Assert.True(copying.HitRate >= computing.HitRate);
    }

    [Fact]
    public void RequestsThatFitNoReplica_AreRefused_NotLost()
    {
        var trace = new Trace("long", 512, [new TraceRequest(0, 70 * 512, 4, [.. Enumerable.Range(0, 70)]), new TraceRequest(1, 512, 4, [0])]);

        var result = Replay.Run(trace, new ReplaySettings { Replicas = 2, Engine = Small }, new LeastTokens());

        Assert.Equal((1, 1), (result.Refused, result.Reasons["too long"]));
    }

    [Fact]
    public void AThousandReplicas_AreReplayed()
    {
        var trace = Conversations(seed: 9, requests: 2000);

        var result = Replay.Run(trace, new ReplaySettings { Replicas = 1000, Speed = 100, Engine = Small }, new CacheProduct());

        Assert.Equal((2000, 0), (result.Requests, result.Refused));
    }

    [Fact]
    public void TheIndex_SaysWhatReplicasHold_OnceTheirEventsHaveArrived() =>
        Gen.Select(Gen.Int[0, 69], Gen.Int[0, 7], Gen.Bool).Array[1, 200].Sample(events =>
        {
            var index = new DelayedPrefixes(70, delay: 1);
            var chain = PrefixHash.Chain(PromptTokens.Root, new int[16 * 8], 16);
            var held = new HashSet<(int, int)>();
            foreach (var (replica, block, stored) in events)
            {
                if (stored ? held.Add((replica, block)) : held.Remove((replica, block)))
                {
                    var told = index.EventsOf(replica);
                    (stored ? (Action<PrefixHash, int, KvBlockId>)told.Stored : told.Removed)(chain[block], 0, new KvBlockId(block));
                }
            }

            var holdings = new PrefixHolding[70];
            index.Now = 0.5;
            index.Find(chain, new ReplicaKey[70], holdings);
            Assert.All(holdings, holding => Assert.Equal(0, holding.DeviceBlocks));
            index.Now = 1;
            index.Find(chain, new ReplicaKey[70], holdings);
            for (var replica = 0; replica < 70; replica++)
            {
                Assert.Equal(Enumerable.Range(0, 8).TakeWhile(block => held.Contains((replica, block))).Count(), holdings[replica].DeviceBlocks);
            }
        });

    [Fact]
    public void Percentiles_AreOfTheNearestRank()
    {
        var values = new Distribution(Enumerable.Range(1, 100).Reverse().Select(value => (double)value));

        Assert.Equal((50.5, 50, 99, 100), (values.Mean, values.At(0.5), values.At(0.99), values.At(1)));
        Assert.True(double.IsNaN(new Distribution([]).At(0.5)));
    }

    [Fact]
    public void AnUnknownSwitch_OrAValueOutOfRange_IsToldByName()
    {
        Assert.Equal("--replica is not known; there are --replicas", Assert.Throws<FormatException>(() => new Arguments(["--replica", "3"], ["--replicas"])).Message);
        Assert.Equal(
            "--replicas must be 1 to 10, it is '11'", Assert.Throws<FormatException>(() => new Arguments(["--replicas", "11"], ["--replicas"]).Number("--replicas", 1, 1, 10)).Message);
    }

    private static IReplicaSelector Selector(string name) => ReplayVerb.Selectors().Single(selector => selector.Name == name);

    /// <summary>Conversations of a few turns that begin with one of three system prompts.</summary>
    private static Trace Conversations(int seed, int requests)
    {
        var random = new Random(seed);
        var (name, time) = (100, 0.0);
        var open = new List<int[]>();
        return new Trace("conversations", 512, [.. Enumerable.Range(0, requests).Select(_ =>
        {
            time += random.NextDouble() * 0.4;
            if (open.Count == 0 || random.Next(3) == 0)
            {
                open.Add([random.Next(3)]);
            }

            var which = random.Next(open.Count);
            open[which] = [.. open[which], .. Enumerable.Range(0, random.Next(1, 4)).Select(_ => name++)];
            var blocks = open[which];
            if (blocks.Length > 16)
            {
                open.RemoveAt(which);
            }

            return new TraceRequest(time, (blocks.Length * 512) - 1 - random.Next(400), random.Next(1, 40), blocks);
        })]);
    }
}

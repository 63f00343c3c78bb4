using XLLM.Grains.Interfaces.Replicas;
using XLLM.Grains.Interfaces.Routing;
using XLLM.Grains.Ports;
using XLLM.Grains.Prefixes;

namespace XLLM.Grains.Tests.Prefixes;

public sealed class PrefixSourcesTests
{
    private static readonly ReplicaKey Source = new("m", "127.0.0.1:1@1");

    [Fact]
    public void ABatchAfterAGap_IsNotTaken_AndTheAnswerSaysFromWhere()
    {
        var sources = new PrefixSources(1000);
        Assert.Equal(2, sources.Apply(Batch(1, (1, PrefixTiers.Device), (2, PrefixTiers.Device))));
        Assert.Equal(2, sources.Apply(Batch(5, (3, PrefixTiers.Device))));
        Assert.Equal((1L, 2), (sources.Gaps, sources.Index.Count));
        Assert.Equal(5, sources.Apply(Batch(3, (3, PrefixTiers.Device), (4, PrefixTiers.Device), (1, PrefixTiers.None))));
        Assert.Equal(3, sources.Index.Count);
    }

    [Fact]
    public void ABatchThatComesTwice_DoesNotBringBackWhatWasRemovedSince()
    {
        var sources = new PrefixSources(1000);
        var first = Batch(1, (1, PrefixTiers.Device));
        sources.Apply(first);
        sources.Apply(Batch(2, (1, PrefixTiers.None)));
        Assert.Equal(2, sources.Apply(first));
        Assert.Equal(0, sources.Index.Count);
    }

    [Fact]
    public void Everything_ReplacesWhatWasKnown_AndCountsOnlyWhenAllPartsCame()
    {
        var sources = new PrefixSources(1000);
        sources.Apply(Batch(1, (1, PrefixTiers.Device), (2, PrefixTiers.Device)));
        Assert.Equal(9, sources.Apply(Batch(9, (3, PrefixTiers.Host)) with { Part = 1, Parts = 3 }));
        Assert.Equal(0, sources.Apply(Batch(9, (5, PrefixTiers.Host)) with { Part = 3, Parts = 3 }));       // part 2 was lost
        Assert.Equal(9, sources.Apply(Batch(9, (3, PrefixTiers.Host)) with { Part = 1, Parts = 2 }));
        Assert.Equal(9, sources.Apply(Batch(9, (4, PrefixTiers.Host)) with { Part = 2, Parts = 2 }));
        Assert.Equal(2, sources.Index.Count);
        Assert.Equal(10, sources.Apply(Batch(10, (4, PrefixTiers.None))));
        Assert.Equal(1, sources.Index.Count);
    }

    [Fact]
    public void ASourceThatIsGone_IsForgotten()
    {
        var sources = new PrefixSources(1000);
        sources.Apply(Batch(1, (1, PrefixTiers.Device)) with { PeerEndpoint = "127.0.0.1:9" });
        Assert.Equal("127.0.0.1:9", sources.PeerEndpoint(Source));
        sources.Apply(Batch(0) with { IsGone = true });
        Assert.Equal((0, 0), (sources.Index.Count, sources.Index.Replicas));
        Assert.Null(sources.PeerEndpoint(Source));
    }

    /// <summary>Calls get lost before or after they were taken in, tables begin anew, logs are cut short and restarted: in the end every table has what the source has.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public void AnyLosses_EndWithTheTruth(int seed)
    {
        var random = new Random(seed);
        var log = new PrefixLog(kept: random.Next(5, 60));
        var truth = new Dictionary<PrefixHash, PrefixTiers>();
        var sources = new PrefixSources(10_000);
        var told = 0L;
        for (var round = 0; round < 600; round++)
        {
            var changes = Enumerable.Range(0, random.Next(12)).Select(_ => new PrefixChange(Hash(random.Next(60)), (PrefixTiers)random.Next(4))).ToList();
            foreach (var change in changes)
            {
                Remember(change);
            }

            var restarts = random.Next(40) == 0;
            log.Append(new PrefixChanges(restarts, restarts ? [.. truth.Select(held => new PrefixChange(held.Key, held.Value))] : changes));
            if (random.Next(50) == 0)
            {
                sources = new PrefixSources(10_000);        // the table began anew, the publisher does not know
            }

            Deliver(losses: true);
        }

        for (var i = 0; i < 200; i++)
        {
            Deliver(losses: false);
        }

        Assert.Equal(truth.Count, sources.Index.Count);
        foreach (var (hash, tiers) in truth)
        {
            var holding = new PrefixHolding[1];
            sources.Index.Find([hash], [Source], holding);
            Assert.Equal(new PrefixHolding(tiers.HasFlag(PrefixTiers.Device) ? 1 : 0, 1), holding[0]);
        }

        void Remember(PrefixChange change)
        {
            if (change.Tiers == PrefixTiers.None)
            {
                truth.Remove(change.Hash);
            }
            else
            {
                truth[change.Hash] = change.Tiers;
            }
        }

        // What PrefixPublisher does for one silo, with calls that may be lost on either way.
        void Deliver(bool losses)
        {
            if (told == log.Last && log.After(told, 1) is not null)
            {
                // A table that began anew is noticed by the next change; without one it is asked for nothing.
                if (!losses)
                {
                    log.Append(new PrefixChanges(false, [new PrefixChange(Hash(1), truth.GetValueOrDefault(Hash(1)))]));
                }

                return;
            }

            if (log.After(told, 10) is { } changes)
            {
                if (!losses || random.Next(4) > 0)
                {
                    var answer = sources.Apply(Batch(told + 1, [.. changes.Select(change => (Number(change.Hash), change.Tiers))]));
                    told = !losses || random.Next(4) > 0 ? answer : told;
                }

                return;
            }

            var parts = log.All().Chunk(10).DefaultIfEmpty([]).ToArray();
            for (var part = 1; part <= parts.Length; part++)
            {
                if (losses && random.Next(8) == 0)
                {
                    told = -1;
                    return;
                }

                var batch = Batch(log.Last, [.. parts[part - 1].Select(change => (Number(change.Hash), change.Tiers))]) with { Part = part, Parts = parts.Length };
                if (sources.Apply(batch) != batch.Number)
                {
                    told = -1;
                    return;
                }
            }

            told = log.Last;
        }
    }

    private static PrefixHash Hash(int number) => new(5, (ulong)number);

    private static int Number(PrefixHash hash) => (int)hash.Low;

    private static PrefixBatch Batch(long number, params (int Hash, PrefixTiers Tiers)[] changes) => new()
    {
        Source = Source,
        Number = number,
        Hashes = [.. changes.Select(change => Hash(change.Hash))],
        Tiers = [.. changes.Select(change => (byte)change.Tiers)],
    };
}

using XLLM.Grains.Interfaces.Replicas;
using XLLM.Grains.Interfaces.Routing;
using XLLM.Grains.Ports;
using XLLM.Grains.Prefixes;

namespace XLLM.Grains.Tests.Prefixes;

public sealed class PrefixIndexTests
{
    public static TheoryData<int, int> Histories
    {
        get
        {
            var data = new TheoryData<int, int>();
            foreach (var replicas in new[] { 1, 3, 64, 65, 200 })
            {
                for (var seed = 1; seed <= 4; seed++)
                {
                    data.Add(replicas, seed);
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Histories))]
    public void AnyHistory_AnswersAsAPlainTableWould(int replicas, int seed)
    {
        var random = new Random(seed);
        var index = new PrefixIndex(100_000);
        var plain = new Dictionary<(ReplicaKey Replica, PrefixHash Hash), PrefixTiers>();
        var chains = Enumerable.Range(0, 6).Select(chain => PrefixHash.Chain(PrefixHash.Root("m", $"{chain % 3}"), [.. Enumerable.Range(0, 80).Select(i => i < 30 ? i : i * chain)], 4)).ToArray();
        ReplicaKey[] keys = [.. Enumerable.Range(0, replicas).Select(Key)];
        for (var step = 0; step < 4000; step++)
        {
            var key = keys[random.Next(replicas)];
            if (random.Next(300) == 0)
            {
                index.Purge(key);
                foreach (var gone in plain.Keys.Where(held => held.Replica == key).ToArray())
                {
                    plain.Remove(gone);
                }
            }

            var chain = chains[random.Next(chains.Length)];
            var hash = chain[random.Next(chain.Length)];
            var tiers = (PrefixTiers)random.Next(4);
            index.Set(key, hash, tiers);
            if (tiers == PrefixTiers.None)
            {
                plain.Remove((key, hash));
            }
            else
            {
                plain[(key, hash)] = tiers;
            }

            if (step % 50 == 0)
            {
                foreach (var asked in chains)
                {
                    var holdings = new PrefixHolding[replicas];
                    index.Find(asked, keys, holdings);
                    for (var i = 0; i < replicas; i++)
                    {
                        Assert.Equal(new PrefixHolding(Leading(i, PrefixTiers.Device), Leading(i, PrefixTiers.Device | PrefixTiers.Host)), holdings[i]);

                        int Leading(int replica, PrefixTiers any) =>
                            asked.TakeWhile(block => (plain.GetValueOrDefault((keys[replica], block)) & any) != 0).Count();
                    }
                }
            }

            Assert.Equal(plain.Keys.Select(held => held.Hash).Distinct().Count(), index.Count);
        }
    }

    [Fact]
    public void AFullIndex_RefusesNewPrefixes_AndKnowsTheOldOnes()
    {
        var index = new PrefixIndex(10);
        var chain = PrefixHash.Chain(PrefixHash.Root("m", null), [.. Enumerable.Range(0, 80)], 4);
        foreach (var hash in chain)
        {
            index.Set(Key(0), hash, PrefixTiers.Device);
        }

        index.Set(Key(1), chain[3], PrefixTiers.Device);        // known already: takes no row
        var holdings = new PrefixHolding[2];
        index.Find(chain, [Key(0), Key(1)], holdings);
        Assert.Equal((10, 10L), (index.Count, index.Refused));
        Assert.Equal([new PrefixHolding(10, 10), default], holdings);
    }

    [Fact]
    public void ReplicasThatNobodyKnows_HoldNothing()
    {
        PrefixHolding[] holdings = [new(5, 5)];
        new PrefixIndex(10).Find([PrefixHash.Root("m", null)], [Key(0)], holdings);
        Assert.Equal(default, holdings[0]);
    }

    private static ReplicaKey Key(int number) => new("m", $"127.0.0.1:{number}@1");
}

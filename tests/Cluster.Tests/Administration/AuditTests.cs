using Microsoft.Extensions.DependencyInjection;
using XLLM.Grains.Administration;
using XLLM.Grains.Interfaces.Administration;
using XLLM.Grains.Tests.Fakes;

namespace XLLM.Cluster.Tests.Administration;

public sealed class AuditTests
{
    [Fact]
    public async Task Entries_AreKeptInStorage_NewestFirst_AndTheOldestGo()
    {
        await using var cluster = await GrainCluster.StartAsync();
        var administration = cluster.ClientServices.GetRequiredService<IAdministration>();
        for (var number = 0; number < AuditGrain.Most + 5; number++)
        {
            await administration.AuditAsync(Entry(number));
        }

        await cluster.Cluster.DeactivateAsync(cluster.Cluster.Client.GetGrain<IAuditGrain>(0));

        var newest = await administration.ListAuditAsync(3);
        Assert.Equal([$"{AuditGrain.Most + 4}", $"{AuditGrain.Most + 3}", $"{AuditGrain.Most + 2}"], newest.Select(entry => entry.Target));
        Assert.Equal(Entry(AuditGrain.Most + 4), newest[0]);
        var all = await administration.ListAuditAsync(int.MaxValue);
        Assert.Equal((AuditGrain.Most, "5"), (all.Length, all[^1].Target));
    }

    private static AuditEntry Entry(int number) => new()
    {
        When = DateTimeOffset.UnixEpoch.AddSeconds(number), Who = "admin key", What = "silo.drain", Target = $"{number}", Succeeded = number % 2 == 0, Outcome = "Drained", Duration = TimeSpan.FromMilliseconds(number), RequestId = "r",
    };
}

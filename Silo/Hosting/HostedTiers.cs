using XLLM.Silo.Diagnostics;
using XLLM.Silo.Transfer;

namespace XLLM.Silo.Hosting;

/// <summary>What a hosted model has beside its pool: the feed that tells its prefixes, its tiers, and their metrics.</summary>
/// <param name="Feed">Tells which prefixes are here.</param>
/// <param name="Tiers">Slower memory; null: none.</param>
/// <param name="Metrics">Its instruments; null as well then.</param>
/// <param name="Factory">Lends the blocks to other silos.</param>
internal sealed record HostedTiers(KvChangeFeed Feed, KvTiers? Tiers, TierMetrics? Metrics, KvTierFactory Factory)
{
    private bool _closed;

    /// <summary>Lends nothing any more, stores what waits, gives the memory back. The engine has stopped. Once; later calls do nothing.</summary>
    public async Task CloseAsync()
    {
        if (Tiers is null || _closed)
        {
            return;
        }

        _closed = true;
        Factory.Withdraw(Tiers);
        Metrics?.Dispose();
        await Tiers.DisposeAsync();
    }
}

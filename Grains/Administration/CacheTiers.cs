using XLLM.Grains.Interfaces.Administration;
using XLLM.Grains.Interfaces.Replicas;
using XLLM.Grains.Ports;

namespace XLLM.Grains.Administration;

/// <summary>The caches of this silo's models in administrators' words. Device blocks belong to running engines and leave by eviction alone; what lies below can be emptied.</summary>
internal static class CacheTiers
{
    private static readonly string[] Cleared = ["host", "storage"];

    /// <summary>What every tier of every model holds.</summary>
    public static async Task<CacheTierReport[]> ReportAsync(IModelHost host)
    {
        var snapshots = await Task.WhenAll(host.Models.Select(model => model.Tiers).OfType<IKvTiers>().Select(tiers => tiers.GetSnapshotAsync()));
        return [.. snapshots.SelectMany(snapshot => snapshot.Tiers.Select(tier => Report(snapshot.Model, tier)))];
    }

    /// <summary>Empties what lies below the device pools. The tiers of a model are emptied together: a block in storage alone would come back to host memory.</summary>
    /// <param name="host">This silo's models.</param>
    /// <param name="tier"><c>host</c> or <c>storage</c>.</param>
    /// <param name="model">Only this model's; null: all.</param>
    /// <returns>Bytes that were given back; null if there is no such tier that can be emptied.</returns>
    public static async Task<long?> ClearAsync(IModelHost host, string tier, string? model)
    {
        var tiers = host.Models.Where(one => model is null || one.Descriptor.Name == model).Select(one => one.Tiers).OfType<IKvTiers>().ToArray();
        if (!Cleared.Contains(tier) || tiers.Length == 0)
        {
            return null;
        }

        var bytes = 0L;
        foreach (var one in tiers)
        {
            bytes += (await one.GetSnapshotAsync()).Tiers.Where(contents => Cleared.Contains(contents.Name)).Sum(contents => contents.Bytes);
            await one.ClearAsync();
        }

        return bytes;
    }

    private static CacheTierReport Report(string model, KvTierContents tier) => new()
    {
        Tier = tier.Name,
        Model = model,
        Blocks = tier.Blocks,
        Bytes = tier.Bytes,
        CapacityBytes = tier.CapacityBytes > 0 ? tier.CapacityBytes : null,
        Hits = tier.Hits,
        Misses = tier.Misses,
        Clearable = Cleared.Contains(tier.Name),
    };
}

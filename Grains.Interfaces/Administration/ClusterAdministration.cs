using Orleans.Runtime;
using XLLM.Grains.Interfaces.Client;

namespace XLLM.Grains.Interfaces.Administration;

/// <summary>The cluster over grains. Runs in whatever process asks.</summary>
internal sealed class ClusterAdministration(IGrainFactory grains) : IAdministration
{
    /// <inheritdoc/>
    public async Task<SiloReport[]> ListSilosAsync()
    {
        var members = await MembersAsync();
        var reports = await Task.WhenAll(members.Select(ReportAsync));
        return [.. reports.OrderBy(report => report.Name, StringComparer.Ordinal)];
    }

    /// <inheritdoc/>
    public async Task<SiloReport> DrainAsync(string silo) => await SiloGrain((await FindAsync(silo)).SiloAddress).DrainAsync();

    /// <inheritdoc/>
    public async Task<SiloReport> UndrainAsync(string silo) => await SiloGrain((await FindAsync(silo)).SiloAddress).UndrainAsync();

    /// <inheritdoc/>
    public Task<DeploymentReport[]> ListModelsAsync() => GrainCalls.RetryOnLossAsync(() => Deployments.ListAsync());

    /// <inheritdoc/>
    public Task<DeploymentReport> SetDeploymentAsync(DeploymentSpec spec) => GrainCalls.RetryOnLossAsync(() => Deployments.SetAsync(spec));

    /// <inheritdoc/>
    public Task<bool> RemoveDeploymentAsync(string model) => Deployments.RemoveAsync(model);

    /// <inheritdoc/>
    public IAsyncEnumerable<ModelLoadEvent> WatchDeploymentAsync(string model, CancellationToken cancellationToken = default) => Deployments.WatchAsync(model, cancellationToken);

    /// <inheritdoc/>
    public async Task<(SiloReport Silo, CacheTierReport[] Tiers)[]> ListCacheTiersAsync()
    {
        var silos = await ListSilosAsync();
        return await Task.WhenAll(silos.Where(silo => silo.State != SiloState.Unreachable).Select(async silo => (silo, await SiloGrain(silo.Silo).ListCacheTiersAsync())));
    }

    /// <inheritdoc/>
    public async Task<long> ClearCacheAsync(string tier, string? model, string? silo)
    {
        var targets = silo is null ? await MembersAsync() : [await FindAsync(silo)];
        var cleared = await Task.WhenAll(targets.Select(target => SiloGrain(target.SiloAddress).ClearCacheAsync(tier, model)));
        return cleared.Any(bytes => bytes is not null)
            ? cleared.Sum(bytes => bytes ?? 0)
            : throw new RequestException(RequestErrors.NotFound, $"none of {targets.Length} silos has a cache tier '{tier}' that can be emptied", "tier");
    }

    /// <inheritdoc/>
    public Task AuditAsync(AuditEntry entry) => Audit.AddAsync(entry);

    /// <inheritdoc/>
    public Task<AuditEntry[]> ListAuditAsync(int most) => GrainCalls.RetryOnLossAsync(() => Audit.ListAsync(most));

    private IDeploymentGrain Deployments => grains.GetGrain<IDeploymentGrain>(0);

    private IAuditGrain Audit => grains.GetGrain<IAuditGrain>(0);

    private ISiloGrain SiloGrain(SiloAddress silo) => SiloGrain(silo.ToParsableString());

    private ISiloGrain SiloGrain(string silo) => grains.GetGrain<ISiloGrain>(SiloGrainKey.Of(silo));

    private async Task<MembershipEntry[]> MembersAsync() => await grains.GetGrain<IManagementGrain>(0).GetDetailedHosts(onlyActive: true);

    private async Task<MembershipEntry> FindAsync(string silo)
    {
        var members = await MembersAsync();
        return members.FirstOrDefault(member => member.SiloName == silo || member.SiloAddress.ToParsableString() == silo)
            ?? throw new RequestException(
                RequestErrors.NotFound, $"there is no silo '{silo}'; there are: {string.Join(", ", members.Select(member => member.SiloName).Order(StringComparer.Ordinal))}", "silo");
    }

    private async Task<SiloReport> ReportAsync(MembershipEntry member)
    {
        try
        {
            return await SiloGrain(member.SiloAddress).GetReportAsync();
        }
        catch (Exception exception) when (ReplicaLoss.Is(exception))
        {
            return new SiloReport { Silo = member.SiloAddress.ToParsableString(), Name = member.SiloName, Host = member.HostName, State = SiloState.Unreachable };
        }
    }
}

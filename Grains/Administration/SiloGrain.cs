using System.Diagnostics;
using System.Runtime.CompilerServices;
using Orleans.Concurrency;
using Orleans.Placement;
using Orleans.Runtime;
using Orleans.Runtime.MembershipService.SiloMetadata;
using XLLM.Grains.Interfaces.Administration;
using XLLM.Grains.Placement;
using XLLM.Grains.Ports;

namespace XLLM.Grains.Administration;

/// <summary>This silo, as a grain: what administrators and the other silos ask of it goes to the parts that do it. No state.</summary>
/// <remarks>Reentrant: draining and loading take minutes, and a look at the silo must not wait for them.</remarks>
[GrainType("xllm.silo"), SiloPinned, Immovable, KeepAlive, Reentrant]
internal sealed class SiloGrain(
    ILocalSiloDetails local, ISiloMetadataCache metadata, ISiloDrain drain, IModelLoader loader, DrainingSilos silos, MovableGrains movable,
    IModelHost host, ISiloStatusOracle oracle, TimeProvider clock) : Grain, ISiloGrain
{
    /// <inheritdoc/>
    public Task<SiloReport> GetReportAsync() => Task.FromResult(Report());

    /// <inheritdoc/>
    public async Task<SiloReport> DrainAsync()
    {
        await drain.DrainAsync();
        return Report();
    }

    /// <inheritdoc/>
    public async Task<SiloReport> UndrainAsync()
    {
        await drain.UndrainAsync();
        return Report();
    }

    /// <inheritdoc/>
    public Task NoteDrainingAsync(string silo, bool draining)
    {
        silos.Forget(oracle.IsDeadSilo);
        silos.Note(SiloAddress.FromParsableString(silo), draining);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<ModelLoadEvent> LoadAsync(ModelPlace model, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await foreach (var next in loader.LoadAsync(model, cancellationToken))
        {
            yield return next with { Silo = local.Name };
        }
    }

    /// <inheritdoc/>
    public Task<bool> UnloadAsync(string model) => loader.UnloadAsync(model, CancellationToken.None);

    /// <inheritdoc/>
    public Task<CacheTierReport[]> ListCacheTiersAsync() => CacheTiers.ReportAsync(host);

    /// <inheritdoc/>
    public Task<long?> ClearCacheAsync(string tier, string? model) => CacheTiers.ClearAsync(host, tier, model);

    private SiloReport Report()
    {
        using var process = Process.GetCurrentProcess();
        return new SiloReport
        {
            Silo = local.SiloAddress.ToParsableString(),
            Name = local.Name,
            Role = SiloRoles.Of(metadata.GetSiloMetadata(local.SiloAddress).Metadata),
            State = drain.State,
            ProcessId = process.Id,
            Host = local.DnsHostName,
            UpTime = clock.GetUtcNow() - process.StartTime.ToUniversalTime(),
            KnownModels = [.. loader.Known],
            Replicas = [.. loader.Replicas],
            MemoryBudgetBytes = loader.MemoryBudgetBytes,
            MovableGrains = movable.Count,
        };
    }
}

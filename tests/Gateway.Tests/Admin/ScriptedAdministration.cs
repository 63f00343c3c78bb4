using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using XLLM.Grains.Interfaces;
using XLLM.Grains.Interfaces.Administration;

namespace XLLM.Gateway.Tests.Admin;

/// <summary>A cluster of one silo "a" that serves "m"; remembers what was asked.</summary>
internal sealed class ScriptedAdministration : IAdministration
{
    public static readonly SiloReport Silo = new()
    {
        Silo = "S127.0.0.1:11111:1", Name = "a", Role = SiloRole.Engine, Host = "host", ProcessId = 7, UpTime = TimeSpan.FromSeconds(1.5), MovableGrains = 3,
        Replicas = [new LoadedReplica { Model = "m", State = LoadedState.Ready, Bytes = 100, Idle = TimeSpan.FromSeconds(2) }],
        KnownModels = [new KnownModel("m", 100)],
    };

    public ConcurrentQueue<AuditEntry> Audit { get; } = new();

    public ConcurrentQueue<DeploymentSpec> Specs { get; } = new();

    /// <summary>If set, the audit cannot be written.</summary>
    public Exception? AuditFault { get; set; }

    /// <summary>Why loading fails; null: it does not.</summary>
    public string? LoadFault { get; set; }

    public Task<SiloReport[]> ListSilosAsync() => Task.FromResult<SiloReport[]>([Silo]);

    public Task<SiloReport> DrainAsync(string silo) => silo == "a" ? Task.FromResult(Silo with { State = SiloState.Drained }) : throw new RequestException(RequestErrors.NotFound, $"there is no silo '{silo}'; there are: a", "silo");

    public Task<SiloReport> UndrainAsync(string silo) => Task.FromResult(Silo);

    public Task<DeploymentReport[]> ListModelsAsync() => Task.FromResult<DeploymentReport[]>(
    [
        .. Specs.Select(spec => spec.Model.Name).Distinct().Select(name => new DeploymentReport
        {
            Model = name,
            WantedReplicas = Specs.Last(spec => spec.Model.Name == name).Replicas,
            Replicas = [.. Enumerable.Range(0, LoadFault is null ? Specs.Last(spec => spec.Model.Name == name).Replicas : 0).Select(_ => new DeployedReplica("a", Silo.Silo, Silo.Replicas[0] with { Model = name }))],
            LastFailure = LoadFault,
        }),
    ]);

    public Task<DeploymentReport> SetDeploymentAsync(DeploymentSpec spec)
    {
        Specs.Enqueue(spec);
        return Task.FromResult(new DeploymentReport { Model = spec.Model.Name });
    }

    public Task<bool> RemoveDeploymentAsync(string model) => Task.FromResult(model == "m");

    public async IAsyncEnumerable<ModelLoadEvent> WatchDeploymentAsync(string model, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        yield return new ModelLoadEvent { Model = model, Silo = "a", Stage = ModelLoadStage.Loading, Bytes = 50, TotalBytes = 100 };
        await Task.Yield();
        yield return new ModelLoadEvent { Model = model, Silo = "a", Stage = LoadFault is null ? ModelLoadStage.Ready : ModelLoadStage.Failed, Message = LoadFault };
    }

    public Task<(SiloReport Silo, CacheTierReport[] Tiers)[]> ListCacheTiersAsync() =>
        Task.FromResult<(SiloReport, CacheTierReport[])[]>([(Silo, [new CacheTierReport { Tier = "host", Blocks = 4, Bytes = 400, Hits = 3, Misses = 1, Clearable = true }])]);

    public Task<long> ClearCacheAsync(string tier, string? model, string? silo) =>
        tier == "host" ? Task.FromResult(400L) : throw new RequestException(RequestErrors.NotFound, $"none of 1 silos has a cache tier '{tier}' that can be emptied", "tier");

    public Task AuditAsync(AuditEntry entry)
    {
        Audit.Enqueue(entry);
        return AuditFault is null ? Task.CompletedTask : Task.FromException(AuditFault);
    }

    public Task<AuditEntry[]> ListAuditAsync(int most) => Task.FromResult<AuditEntry[]>([.. Audit.Reverse().Take(most)]);
}

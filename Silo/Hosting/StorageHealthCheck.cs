using Microsoft.Extensions.Diagnostics.HealthChecks;
using XLLM.Grains.Storage;

namespace XLLM.Silo.Hosting;

/// <summary>Degraded while durable writes do not get through: answers are still given, and what waits to be stored is tried again.</summary>
internal sealed class StorageHealthCheck(StorageHealth storage) : IHealthCheck
{
    /// <inheritdoc/>
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(storage.Fault is { } fault ? HealthCheckResult.Degraded($"the last durable write failed: {fault}") : HealthCheckResult.Healthy());
}

using Microsoft.Extensions.Diagnostics.HealthChecks;
using XLLM.Grains.Administration;
using XLLM.Grains.Interfaces.Administration;

namespace XLLM.Silo.Hosting;

/// <summary>Healthy while every engine finishes its steps within the bound, and the process is not stopping.</summary>
internal sealed class EngineHealthCheck(ModelHost models, ISiloDrain drain, IHostApplicationLifetime lifetime) : IHealthCheck
{
    /// <inheritdoc/>
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        if (lifetime.ApplicationStopping.IsCancellationRequested || drain.State != SiloState.Active)
        {
            return Task.FromResult(HealthCheckResult.Unhealthy("draining"));
        }

        return Task.FromResult(models.IsHealthy
            ? HealthCheckResult.Healthy($"{models.Models.Count} models")
            : HealthCheckResult.Unhealthy("an engine has work and finishes no step"));
    }
}

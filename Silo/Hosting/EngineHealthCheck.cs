using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace XLLM.Silo.Hosting;

/// <summary>Healthy while every engine finishes its steps within the bound, and the process is not stopping.</summary>
internal sealed class EngineHealthCheck(ModelHost models, IHostApplicationLifetime lifetime) : IHealthCheck
{
    /// <inheritdoc/>
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        if (lifetime.ApplicationStopping.IsCancellationRequested)
        {
            return Task.FromResult(HealthCheckResult.Unhealthy("draining"));
        }

        return Task.FromResult(models.IsHealthy
            ? HealthCheckResult.Healthy($"{models.Models.Count} models")
            : HealthCheckResult.Unhealthy("an engine has work and finishes no step"));
    }
}

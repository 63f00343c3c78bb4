using Microsoft.Extensions.Logging;

namespace XLLM.Grains.Scaling;

internal sealed partial class DeploymentGrain
{
    [LoggerMessage(2090, LogLevel.Information, "{Kind} {Model} on silo {Silo}: {Reason}")]
    private partial void LogAction(ReplicaActionKind kind, string model, string silo, string reason);

    [LoggerMessage(2091, LogLevel.Warning, "Silo {Silo} could not load {Model}: {Message}")]
    private partial void LogFailed(string silo, string model, string message);

    [LoggerMessage(2092, LogLevel.Warning, "Looking at the replicas failed; the next look tries again")]
    private partial void LogLookFailed(Exception exception);

    [LoggerMessage(2093, LogLevel.Warning, "Silo {Silo} could not unload {Model}")]
    private partial void LogNotUnloaded(Exception exception, string silo, string model);
}

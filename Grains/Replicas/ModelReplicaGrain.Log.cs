using Microsoft.Extensions.Logging;

namespace XLLM.Grains.Replicas;

internal sealed partial class ModelReplicaGrain
{
    [LoggerMessage(2001, LogLevel.Debug, "Request {RequestId} left after {Duration}; {Running} generations run")]
    private partial void LogGenerationEnded(string requestId, TimeSpan duration, int running);
}

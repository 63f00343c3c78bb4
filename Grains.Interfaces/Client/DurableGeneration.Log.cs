using Microsoft.Extensions.Logging;
using XLLM.Grains.Interfaces.Generation;
using XLLM.Grains.Interfaces.Replicas;

namespace XLLM.Grains.Interfaces.Client;

internal sealed partial class DurableGeneration
{
    [LoggerMessage(2501, LogLevel.Debug, "Request {RequestId}: {Replica} was chosen ({Reason})")]
    private partial void LogChosen(string requestId, ReplicaKey replica, string reason);

    [LoggerMessage(2502, LogLevel.Information, "Request {RequestId}: {Replica} refused it ({Reason}: {Message}); asking another one")]
    private partial void LogRefused(string requestId, ReplicaKey replica, EndReason reason, string? message);

    [LoggerMessage(2503, LogLevel.Warning, "Request {RequestId}: {Replica} was lost after {Tokens} tokens")]
    private partial void LogLost(Exception exception, string requestId, ReplicaKey replica, int tokens);
}

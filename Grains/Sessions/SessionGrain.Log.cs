using Microsoft.Extensions.Logging;

namespace XLLM.Grains.Sessions;

internal sealed partial class SessionGrain
{
    [LoggerMessage(2030, LogLevel.Error, "Session {SessionId}: the answer to request {RequestId} could not be stored")]
    private partial void LogNotStored(Exception exception, string sessionId, string requestId);
}

namespace XLLM.Silo.Engine;

internal sealed partial class EngineLoop
{
    [LoggerMessage(3001, LogLevel.Critical, "The engine's loop failed")]
    private partial void LogLoopFailed(Exception exception);
}

namespace XLLM.Silo.Hosting;

internal sealed partial class ModelLoading
{
    [LoggerMessage(3021, LogLevel.Information, "{Model} serves")]
    private partial void LogLoaded(string model);

    [LoggerMessage(3022, LogLevel.Warning, "{Model} could not be loaded: {Message}")]
    private partial void LogFailed(Exception exception, string model, string message);

    [LoggerMessage(3023, LogLevel.Information, "{Model} is unloaded")]
    private partial void LogUnloaded(string model);

    [LoggerMessage(3005, LogLevel.Error, "{Model} does not stop: its memory is kept, and this process should be started again")]
    private partial void LogHangs(string model);

    [LoggerMessage(3004, LogLevel.Warning, "The catalog was not told at once that {Model} came or went; the next heartbeat says it")]
    private partial void LogNotAnnounced(Exception exception, string model);
}

namespace XLLM.Silo.Execution;

internal sealed partial class ModelExecutor
{
    [LoggerMessage(3101, LogLevel.Error, "A step of {Sequences} sequences and {Rows} rows failed")]
    private partial void LogStepFailed(Exception exception, int sequences, int rows);
}

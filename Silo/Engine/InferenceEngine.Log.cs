namespace XLLM.Silo.Engine;

internal sealed partial class InferenceEngine
{
    [LoggerMessage(3011, LogLevel.Information, "{Model}: {Blocks} KV blocks of {BlockTokens} tokens, context {MaxContext}, steps of at most {Rows} rows and {Sequences} sequences")]
    private partial void LogStarted(string model, int blocks, int blockTokens, int maxContext, int rows, int sequences);

    [LoggerMessage(3012, LogLevel.Information, "{Model}: stopping, {Generations} generations are left")]
    private partial void LogStopping(string model, int generations);

    [LoggerMessage(3013, LogLevel.Error, "{Model}: no step has finished for {Timeout}; its threads are left behind")]
    private partial void LogHung(string model, TimeSpan timeout);
}

using Microsoft.Extensions.Logging;

namespace XLLM.Grains.Responses;

internal sealed partial class ResponseGrain
{
    [LoggerMessage(2050, LogLevel.Information, "Response {ResponseId} runs again: its silo was lost or stopped before it ended")]
    private partial void LogRunsAgain(string responseId);

    [LoggerMessage(2051, LogLevel.Warning, "Response {ResponseId} cannot be served now; the next try is in {Pause}")]
    private partial void LogWaits(string responseId, TimeSpan pause);

    [LoggerMessage(2052, LogLevel.Error, "Response {ResponseId} ended, but could not be stored; should this silo stop, it runs again")]
    private partial void LogNotStored(Exception exception, string responseId);
}

using Microsoft.Extensions.Logging;

namespace XLLM.Grains.Administration;

internal sealed partial class SiloDrain
{
    [LoggerMessage(2040, LogLevel.Information, "This silo drains: {Running} generations run, {Grains} conversations are here")]
    private partial void LogDraining(int running, int grains);

    [LoggerMessage(2041, LogLevel.Information, "This silo is empty after {Duration}")]
    private partial void LogDrained(TimeSpan duration);

    [LoggerMessage(2042, LogLevel.Warning, "This silo is not empty after {Duration}: {Running} generations run, {Grains} conversations are here; they go on elsewhere when it stops")]
    private partial void LogNotDrained(TimeSpan duration, int running, int grains);

    [LoggerMessage(2043, LogLevel.Debug, "Silo {Silo} was not told that this one drains")]
    private partial void LogNotTold(Exception exception, string silo);
}

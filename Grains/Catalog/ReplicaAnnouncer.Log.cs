using Microsoft.Extensions.Logging;

namespace XLLM.Grains.Catalog;

internal sealed partial class ReplicaAnnouncer
{
    [LoggerMessage(2020, LogLevel.Warning, "The catalog did not take this silo's announcement; every heartbeat tries again")]
    private partial void LogCatalogLost(Exception exception);

    [LoggerMessage(2021, LogLevel.Information, "The catalog takes this silo's announcements again")]
    private partial void LogCatalogBack();
}

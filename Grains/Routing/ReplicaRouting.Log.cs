using Microsoft.Extensions.Logging;

namespace XLLM.Grains.Routing;

internal sealed partial class ReplicaRouting
{
    [LoggerMessage(2010, LogLevel.Warning, "The catalog did not answer; requests for {Model} go by what was known before")]
    private partial void LogCatalogLost(Exception exception, string model);
}

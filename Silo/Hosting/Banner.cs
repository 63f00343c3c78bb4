using System.Globalization;
using System.Text;
using XLLM.Grains.Interfaces.Catalog;

namespace XLLM.Silo.Hosting;

/// <summary>What a started process says: what is served, where, and a line to try. Pure.</summary>
internal static class Banner
{
    /// <summary>The text.</summary>
    public static string Text(SiloOptions options, IEnumerable<ModelDescriptor> models)
    {
        var served = models.ToArray();
        var cluster = options.Cluster;
        var url = options.Urls.Split(';')[0].TrimEnd('/').Replace("://*", "://127.0.0.1", StringComparison.Ordinal).Replace("://+", "://127.0.0.1", StringComparison.Ordinal);
        var text = new StringBuilder();
        text.AppendLine();
        foreach (var model in served)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"serving {model.Name} ({model.Architecture}, {model.Parameters / 1e6:F1} M parameters, context {model.MaxContext})");
        }

        if (cluster.IsCluster)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"  cluster    {cluster.ClusterId} in {cluster.Store}, as {cluster.SiloName(options.SiloPort)} ({cluster.Role})");
        }

        if (cluster.ServesUsers)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"  API        {url}/v1");
            text.AppendLine(CultureInfo.InvariantCulture, $"  explorer   {url}/explorer");
        }

        text.AppendLine(CultureInfo.InvariantCulture, $"  dashboard  {url}/dashboard/");
        text.AppendLine(CultureInfo.InvariantCulture, $"  health     {url}/health/ready     metrics {url}/metrics");
        text.AppendLine(CultureInfo.InvariantCulture, $"  state      {Path.GetFullPath(options.StatePath)}");
        text.AppendLine();
        if (cluster.ServesUsers && served.Length > 0)
        {
            text.AppendLine("try:");
            text.AppendLine(CultureInfo.InvariantCulture, $"  curl {url}/v1/chat/completions -H 'Content-Type: application/json' -d '{{\"model\":\"{served[0].Name}\",\"messages\":[{{\"role\":\"user\",\"content\":\"What is the capital of Japan?\"}}]}}'");
            text.AppendLine();
        }

        text.Append("Ctrl-C stops.");
        return text.ToString();
    }
}

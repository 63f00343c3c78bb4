using System.Net;
using Microsoft.Extensions.Options;

namespace XLLM.Grains.Interfaces.Client;

/// <summary>Which cluster a client joins, and what it asks there. Section <c>Xllm:Client</c>.</summary>
public sealed class XllmClientOptions
{
    /// <summary>Name of the configuration section.</summary>
    public const string SectionName = "Xllm:Client";

    /// <summary>Cluster id of the silos. Not empty. Default <see cref="ClusterNames.ClusterId"/>.</summary>
    public string ClusterId { get; set; } = ClusterNames.ClusterId;

    /// <summary>Service id of the silos. Not empty. Default <see cref="ClusterNames.ServiceId"/>.</summary>
    public string ServiceId { get; set; } = ClusterNames.ServiceId;

    /// <summary>Gateway endpoints of silos, each "address:port"; at least one unless the host already joins the cluster. Empty (the default) means 127.0.0.1:30000, Orleans' own default port on this machine.</summary>
    public IList<string> Gateways { get; } = [];

    /// <summary>Model to ask where a request names none. Default null: the only one that is served.</summary>
    public string? DefaultModel { get; set; }

    /// <summary>The endpoints as addresses.</summary>
    /// <exception cref="FormatException">One is no "address:port".</exception>
    internal IPEndPoint[] GatewayEndpoints() =>
        Gateways.Count == 0 ? [new IPEndPoint(IPAddress.Loopback, 30000)] : [.. Gateways.Select(gateway => IPEndPoint.Parse(gateway))];
}

/// <summary>Checks <see cref="XllmClientOptions"/>; tells all faults.</summary>
internal sealed class XllmClientOptionsValidator : IValidateOptions<XllmClientOptions>
{
    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, XllmClientOptions options)
    {
        var faults = new List<string>();
        if (string.IsNullOrWhiteSpace(options.ClusterId))
        {
            faults.Add($"{nameof(options.ClusterId)} must not be empty");
        }

        if (string.IsNullOrWhiteSpace(options.ServiceId))
        {
            faults.Add($"{nameof(options.ServiceId)} must not be empty");
        }

        faults.AddRange(
            from gateway in options.Gateways
            where !IPEndPoint.TryParse(gateway, out var endpoint) || endpoint.Port == 0
            select $"{nameof(options.Gateways)} must be address:port, one is '{gateway}'");
        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
    }
}

using System.Data.Common;
using System.Net;
using Microsoft.Extensions.Options;
using XLLM.Grains.Interfaces.Connections;

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

    /// <summary>Gateway endpoints of silos, each "address:port". Empty (the default) means 127.0.0.1:30000, Orleans' own default port on this machine, unless there is a <see cref="GatewayDatabase"/>.</summary>
    public IList<string> Gateways { get; } = [];

    /// <summary>
    /// The cluster's own database, PostgreSQL or SQLite, where the client finds the silos that live, also those that start later. Default null: <see cref="Gateways"/>. The driver is the
    /// caller's, so this SDK brings none: <c>NpgsqlDataSource.Create(connectionString)</c>, <c>SqliteFactory.Instance.CreateDataSource("Data Source=xllm.db")</c>. Reading rights suffice.
    /// </summary>
    public DbDataSource? GatewayDatabase { get; set; }

    /// <summary>Encryption of the connections to silos, as the silos have it. Default: none.</summary>
    public TlsSettings Tls { get; set; } = new();

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
        if (options.GatewayDatabase is not null && options.Gateways.Count > 0)
        {
            faults.Add($"{nameof(options.Gateways)} names {options.Gateways.Count}, but {nameof(options.GatewayDatabase)} is set too: one of them says where the silos are");
        }

        faults.AddRange(options.Tls.Faults($"{XllmClientOptions.SectionName}:{nameof(options.Tls)}"));
        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
    }
}

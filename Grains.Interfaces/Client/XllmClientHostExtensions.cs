using Microsoft.Extensions.AI;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Connections.Security;
using Orleans.Hosting;
using Orleans.Messaging;
using XLLM.Grains.Interfaces.Connections;

namespace XLLM.Grains.Interfaces.Client;

/// <summary>Adds the platform to a host.</summary>
public static class XllmClientHostExtensions
{
    /// <summary>Adds <see cref="IInferenceClient"/> and <see cref="IChatClient"/>, and joins the cluster as its client unless the host already joins one as a silo or client (then call <c>UseOrleans</c> first).</summary>
    /// <param name="builder">The host.</param>
    /// <param name="configure">Changes the options after section <see cref="XllmClientOptions.SectionName"/> was read.</param>
    /// <param name="configureClient">Changes the Orleans client after the options did: retry of the first connection, timeouts, another way to find the gateways. Not called where the host joins a cluster already.</param>
    /// <returns>For middleware: <c>UseFunctionInvocation</c>, <c>UseOpenTelemetry</c>, <c>UseDistributedCache</c>, ...</returns>
    /// <exception cref="OptionsValidationException">The options are wrong; lists all faults.</exception>
    /// <exception cref="TlsSettingsException">A certificate cannot be read.</exception>
    public static ChatClientBuilder AddXllmClient(this IHostApplicationBuilder builder, Action<XllmClientOptions>? configure = null, Action<IClientBuilder>? configureClient = null)
    {
        ArgumentNullException.ThrowIfNull(builder);

        void Configure(XllmClientOptions options)
        {
            builder.Configuration.GetSection(XllmClientOptions.SectionName).Bind(options);
            configure?.Invoke(options);
        }

        if (!builder.Services.Any(service => service.ServiceType == typeof(IClusterClient)))
        {
            // The cluster is joined while the host is built, so these options are needed now.
            var options = new XllmClientOptions();
            Configure(options);
            if (new XllmClientOptionsValidator().Validate(null, options) is { Failed: true } faults)
            {
                throw new OptionsValidationException(XllmClientOptions.SectionName, typeof(XllmClientOptions), faults.Failures);
            }

            builder.UseOrleansClient(client =>
            {
                Join(client, options);
                configureClient?.Invoke(client);
            });
        }

        return builder.Services.AddXllmClient(Configure);
    }

    private static void Join(IClientBuilder client, XllmClientOptions options)
    {
        client.Configure<ClusterOptions>(cluster => (cluster.ClusterId, cluster.ServiceId) = (options.ClusterId, options.ServiceId));
        if (options.GatewayDatabase is { } database)
        {
            client.Services.AddSingleton<IGatewayListProvider>(services => ActivatorUtilities.CreateInstance<DatabaseGateways>(services, database));
        }
        else
        {
            client.UseStaticClustering(options.GatewayEndpoints());
        }

        if (options.Tls.IsOn)
        {
            client.UseTls(tls => tls.Apply(options.Tls, $"{XllmClientOptions.SectionName}:{nameof(options.Tls)}"));
        }
    }
}

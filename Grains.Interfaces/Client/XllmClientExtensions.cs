using Microsoft.Extensions.AI;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Hosting;
using XLLM.Grains.Interfaces.Client;

// The extension is found where hosts are built, as is the habit of Microsoft.Extensions.
namespace Microsoft.Extensions.Hosting
{
    /// <summary>Adds the platform to a host.</summary>
    public static class XllmClientHostExtensions
    {
        /// <summary>Adds <see cref="IInferenceClient"/> and <see cref="IChatClient"/>, and joins the cluster as its client unless the host already joins one as a silo or client (then call <c>UseOrleans</c> first).</summary>
        /// <param name="builder">The host.</param>
        /// <param name="configure">Changes the options after section <see cref="XllmClientOptions.SectionName"/> was read.</param>
        /// <returns>For middleware: <c>UseFunctionInvocation</c>, <c>UseOpenTelemetry</c>, <c>UseDistributedCache</c>, ...</returns>
        /// <exception cref="OptionsValidationException">The options are wrong; lists all faults.</exception>
        public static ChatClientBuilder AddXllmClient(this IHostApplicationBuilder builder, Action<XllmClientOptions>? configure = null)
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

                builder.UseOrleansClient(client => client
                    .UseStaticClustering(options.GatewayEndpoints())
                    .Configure<ClusterOptions>(cluster => (cluster.ClusterId, cluster.ServiceId) = (options.ClusterId, options.ServiceId)));
            }

            return builder.Services.AddXllmClient(Configure);
        }
    }
}

namespace Microsoft.Extensions.DependencyInjection
{
    /// <summary>Adds the platform's services to a host that joins the cluster by itself.</summary>
    public static class XllmClientServiceExtensions
    {
        /// <summary>Adds <see cref="IInferenceClient"/> and <see cref="IChatClient"/> to a host that joins the cluster as a silo or as a client.</summary>
        /// <param name="services">The host's services.</param>
        /// <param name="configure">Only <see cref="XllmClientOptions.DefaultModel"/> matters here.</param>
        public static ChatClientBuilder AddXllmClient(this IServiceCollection services, Action<XllmClientOptions>? configure = null)
        {
            var options = services.AddXllmInferenceClient().AddOptions<XllmClientOptions>().ValidateOnStart();
            services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<XllmClientOptions>, XllmClientOptionsValidator>());
            if (configure is not null)
            {
                options.Configure(configure);
            }

            return services.AddChatClient(provider => new XllmChatClient(
                provider.GetRequiredService<IInferenceClient>(), provider.GetRequiredService<IOptions<XllmClientOptions>>().Value.DefaultModel, provider.GetRequiredService<TimeProvider>()));
        }

        /// <summary>Adds <see cref="IInferenceClient"/> alone. Calling it twice does no harm.</summary>
        public static IServiceCollection AddXllmInferenceClient(this IServiceCollection services)
        {
            ArgumentNullException.ThrowIfNull(services);
            services.AddMetrics();
            services.AddOptions<InferenceClientOptions>().ValidateOnStart();
            services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<InferenceClientOptions>, InferenceClientOptionsValidator>());
            services.TryAddSingleton(TimeProvider.System);
            services.TryAddSingleton<ClientInstruments>();
            services.TryAddSingleton<ITokenTransport, GrainTokenTransport>();
            services.TryAddSingleton<IInferenceClient, InferenceClient>();
            return services;
        }
    }
}

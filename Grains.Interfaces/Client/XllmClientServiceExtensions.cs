using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Orleans.Runtime;
using XLLM.Grains.Interfaces.Administration;

namespace XLLM.Grains.Interfaces.Client;

/// <summary>Adds the platform's services to a host that joins the cluster by itself.</summary>
public static class XllmClientServiceExtensions
{
    /// <summary>Adds <see cref="IInferenceClient"/>, <see cref="IChatClient"/> and an embedding generator to a host that joins the cluster as a silo or as a client.</summary>
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

        services.AddEmbeddingGenerator<string, Embedding<float>>(provider => new XllmEmbeddingGenerator(provider.GetRequiredService<IInferenceClient>(), clock: provider.GetRequiredService<TimeProvider>()));
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
        services.TryAddSingleton<GrainTokenTransport>();
        services.TryAddSingleton<ITokenTransport>(provider => provider.GetRequiredService<IOptions<InferenceClientOptions>>().Value.Multiplex
            ? new MultiplexedTokenTransport(
                provider.GetRequiredService<IGrainFactory>(), provider.GetRequiredService<GrainTokenTransport>(),
                provider.GetService<ILocalSiloDetails>()?.SiloAddress.ToParsableString(),
                provider.GetService<ISiloDeaths>() ?? new AskedSiloDeaths(provider.GetRequiredService<IGrainFactory>(), provider.GetRequiredService<TimeProvider>()))
            : provider.GetRequiredService<GrainTokenTransport>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<ILifecycleParticipant<IClusterClientLifecycle>, TransportLifetime>());
        services.TryAddSingleton<IInferenceClient, InferenceClient>();
        services.TryAddSingleton<IAdministration, ClusterAdministration>();
        services.TryAddSingleton<IResponseClient, ResponseClient>();
        return services;
    }
}

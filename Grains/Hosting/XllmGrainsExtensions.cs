using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Orleans.Hosting;
using Orleans.Placement;
using Orleans.Runtime;
using Orleans.Runtime.Hosting;
using Orleans.Runtime.MembershipService.SiloMetadata;
using XLLM.Grains.Administration;
using XLLM.Grains.Catalog;
using XLLM.Grains.Diagnostics;
using XLLM.Grains.Interfaces.Administration;
using XLLM.Grains.Interfaces.Client;
using XLLM.Grains.KvStore;
using XLLM.Grains.Placement;
using XLLM.Grains.Ports;
using XLLM.Grains.Prefixes;
using XLLM.Grains.Replicas;
using XLLM.Grains.Routing;
using XLLM.Grains.Scaling;
using XLLM.Grains.Storage;

namespace XLLM.Grains.Hosting;

/// <summary>Adds the grains to a silo.</summary>
public static class XllmGrainsExtensions
{
    /// <summary>Adds the grains, their placement, the replica announcer, and the <see cref="IInferenceClient"/>.</summary>
    /// <remarks>
    /// The silo must have a grain storage named <see cref="StorageNames.Default"/>. It serves the models of its <see cref="IModelHost"/>; without one it serves none and only routes.
    /// Options: <see cref="CatalogOptions"/>, <see cref="RoutingOptions"/>, <see cref="InferenceClientOptions"/>.
    /// </remarks>
    /// <param name="silo">The silo.</param>
    /// <param name="role">What it is for; the others read it in its metadata.</param>
    public static ISiloBuilder AddXllmGrains(this ISiloBuilder silo, SiloRole role = SiloRole.Both)
    {
        ArgumentNullException.ThrowIfNull(silo);
        silo.AddPlacementDirector<SiloPinned, SiloPinnedDirector>();
        silo.AddGrainDirectory(PinnedDirectory.Name, static (_, _) => new PinnedDirectory());
        silo.AddPlacementDirector<PrefixAffinity, PrefixAffinityDirector>();
        silo.UseSiloMetadata(new Dictionary<string, string> { [SiloRoles.MetadataKey] = SiloRoles.ToText(role) });
        silo.Services.TryAddSingleton<DrainingSilos>();
        silo.Services.AddPlacementFilter<EngineSilos, EngineSilosDirector>(ServiceLifetime.Singleton);

        var services = silo.Services;
        services.AddXllmInferenceClient();
        services.TryAddSingleton<IModelHost, NoModels>();
        services.TryAddSingleton<GrainInstruments>();
        services.TryAddSingleton<ISiloDeaths, SiloDeaths>();
        services.AddParticipant<StreamsClosing>();
        services.TryAddSingleton<PrefixTable>();
        services.TryAddSingleton<IPrefixView>(provider => provider.GetRequiredService<PrefixTable>());
        services.TryAddSingleton<IKvPeers>(provider => provider.GetRequiredService<PrefixTable>());
        services.AddParticipant<PrefixPublisher>();
        services.AddOptions<PrefixOptions>().ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<PrefixOptions>, PrefixOptionsValidator>());
        services.TryAddSingleton<IKvStores, GrainKvStores>();
        services.TryAddSingleton<StorageHealth>();
        services.TryAddSingleton<DurableWrites>();
        services.TryAddSingleton<ReplicaRouting>();
        services.AddReplicaSelectors();

        services.TryAddSingleton<IModelLoader, NoModelLoader>();
        services.TryAddSingleton<MovableGrains>();
        services.TryAddSingleton<ISiloDrain, SiloDrain>();
        services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>, DeploymentWaker>();

        services.TryAddSingleton<IReplicaAnnouncer>(provider => provider.GetRequiredService<ReplicaAnnouncer>());
        services.AddParticipant<ReplicaAnnouncer>();

        services.AddOptions<CatalogOptions>().ValidateOnStart();
        services.AddOptions<RoutingOptions>().ValidateOnStart();
        services.AddOptions<DrainOptions>().ValidateOnStart();
        services.AddOptions<LifecycleOptions>().ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<DrainOptions>, DrainOptionsValidator>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<LifecycleOptions>, LifecycleOptionsValidator>());
        services.AddOptions<StorageOptions>().ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<CatalogOptions>, CatalogOptionsValidator>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<RoutingOptions>, RoutingOptionsValidator>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<StorageOptions>, StorageOptionsValidator>());
        return silo;
    }

    /// <summary>The routing policies of this build. A policy is a class and a line here.</summary>
    internal static void AddReplicaSelectors(this IServiceCollection services)
    {
        services.AddReplicaSelector<CacheAware>();
        services.AddReplicaSelector<CacheProduct>();
        services.AddReplicaSelector<FirstToken>();
        services.AddReplicaSelector<LeastTokens>();
        services.AddReplicaSelector<PowerOfTwoChoices>();
        services.AddReplicaSelector<RoundRobin>();
    }

    /// <summary>One object that others ask for too, and that lives with the silo.</summary>
    private static void AddParticipant<T>(this IServiceCollection services)
        where T : class, ILifecycleParticipant<ISiloLifecycle>
    {
        services.TryAddSingleton<T>();
        services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(provider => provider.GetRequiredService<T>());
    }

    private static void AddReplicaSelector<T>(this IServiceCollection services)
        where T : class, IReplicaSelector =>
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IReplicaSelector, T>());
}

using Orleans.Configuration;
using Orleans.Connections.Security;
using XLLM.Grains.Interfaces.Connections;
using XLLM.Silo.Hosting.Storage;

namespace XLLM.Silo.Hosting.Cluster;

/// <summary>Makes a silo a member of its cluster: membership, storage, addresses, encryption. What <see cref="ClusterSettings"/> says, in Orleans' words.</summary>
internal static class ClusterMembership
{
    /// <summary>Configures the silo; the database has its schema.</summary>
    /// <exception cref="StartException">An address or certificate cannot be used.</exception>
    public static ISiloBuilder JoinXllmCluster(this ISiloBuilder silo, SiloOptions options)
    {
        var settings = options.Cluster;
        if (!settings.IsCluster)
        {
            silo.UseLocalhostClustering(options.SiloPort, options.GatewayPort, serviceId: settings.ServiceId, clusterId: settings.ClusterId);
            return Encrypt(silo.AddXllmSqliteStorageAt(ClusterStore.SqlitePath(options)), settings.Tls);
        }

        silo.Configure<ClusterOptions>(cluster => (cluster.ClusterId, cluster.ServiceId) = (settings.ClusterId, settings.ServiceId));
        silo.Configure<Orleans.Configuration.SiloOptions>(named => named.SiloName = settings.SiloName(options.SiloPort));
        if (settings.Kubernetes)
        {
            silo.UseKubernetesHosting();
            silo.Configure<EndpointOptions>(endpoint => (endpoint.SiloPort, endpoint.GatewayPort) = (options.SiloPort, options.GatewayPort));
        }
        else
        {
            silo.ConfigureEndpoints(settings.ResolveAddress(), options.SiloPort, options.GatewayPort, settings.ListenOnAnyAddress);
        }

        silo.Configure<ClusterMembershipOptions>(membership =>
        {
            membership.ProbeTimeout = settings.ProbeTimeout;

            // By default 4 times as long; and a vote is withheld while anything was heard from the suspect within that time and MissedProbes. 1 time as long takes busy silos for dead (ARCHITECTURE.md).
            membership.MaxProbeTimeout = settings.ProbeTimeout * 2;
            membership.NumMissedProbesLimit = settings.MissedProbes;
            membership.IAmAliveTablePublishTimeout = settings.AlivePeriod;
            membership.MaxJoinAttemptTime = settings.JoinTimeout;
        });
        return Encrypt(settings.Store == ClusterSettings.Postgres ? JoinPostgres(silo, settings.ReadConnectionString()) : JoinSqlite(silo, ClusterStore.SqlitePath(options)), settings.Tls);
    }

    private static ISiloBuilder JoinPostgres(ISiloBuilder silo, string connectionString) => silo
        .UseAdoNetClustering(clustering => (clustering.Invariant, clustering.ConnectionString) = (PostgresStorage.Invariant, connectionString))
        .AddXllmPostgresStorage(connectionString);

    private static ISiloBuilder JoinSqlite(ISiloBuilder silo, string path) => silo
        .AddXllmSqliteStorageAt(path)
        .UseAdoNetClustering(clustering => clustering.Configure<GatedSqliteDataSource>((one, source) => (one.Invariant, one.DataSource) = (SqliteStorage.Invariant, source)));

    private static ISiloBuilder Encrypt(ISiloBuilder silo, TlsSettings settings)
    {
        try
        {
            return settings.IsOn ? silo.UseTls(tls => tls.Apply(settings, $"{ClusterSettings.Section}:{nameof(ClusterSettings.Tls)}")) : silo;
        }
        catch (TlsSettingsException exception)
        {
            throw new StartException(exception.Message, exception);
        }
    }
}

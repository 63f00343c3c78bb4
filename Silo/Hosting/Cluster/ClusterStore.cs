using XLLM.Silo.Hosting.Storage;

namespace XLLM.Silo.Hosting.Cluster;

/// <summary>The database that a silo keeps its state in, and a cluster its membership.</summary>
internal static class ClusterStore
{
    /// <summary>The SQLite file.</summary>
    public static string SqlitePath(SiloOptions options) => Path.GetFullPath(
        options.Cluster.Store == ClusterSettings.Sqlite && options.Cluster.DatabasePath.Length > 0 ? options.Cluster.DatabasePath : Path.Combine(options.StatePath, "xllm.db"));

    /// <summary>Brings the database to this program's schema.</summary>
    /// <exception cref="StartException">It cannot be used.</exception>
    public static SchemaChange Apply(SiloOptions options, bool mayChange)
    {
        if (options.Cluster.Store == ClusterSettings.Postgres)
        {
            return PostgresStorage.Apply(options.Cluster.ReadConnectionString(), mayChange);
        }

        var path = SqlitePath(options);
        var existed = File.Exists(path);
        SqliteStorage.Apply(path);
        return existed ? SchemaChange.Updated : SchemaChange.Created;
    }
}

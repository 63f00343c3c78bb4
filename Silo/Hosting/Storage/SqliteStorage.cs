using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Providers;
using Orleans.Serialization;
using Orleans.Storage;
using XLLM.Grains.Ports;

namespace XLLM.Silo.Hosting.Storage;

/// <summary>Embedded grain storage: one SQLite file through Orleans' own AdoNet provider, nothing to install.</summary>
internal static class SqliteStorage
{
    /// <summary>The provider's name for SQLite; it loads Microsoft.Data.Sqlite for it. The name "Microsoft.Data.Sqlite" itself is unknown to it (10.4.2, tried).</summary>
    internal const string Invariant = "System.Data.SQLite";

    private const string Elsewhere = "choose a folder that this user may write";

    /// <summary>How long the start waits for another process that writes. Longer than any write of ours, short enough to be told soon.</summary>
    private const int StartTimeoutSeconds = 5;

    /// <summary>Adds the storage <see cref="StorageNames.Default"/>, also as the default one. Creates folder, file and tables now, so that faults show before anything else starts.</summary>
    /// <param name="silo">The silo.</param>
    /// <param name="databasePath">The file; relative to the working folder.</param>
    /// <exception cref="StartException">The file cannot be used; its message says why and what to do.</exception>
    public static ISiloBuilder AddXllmSqliteStorage(this ISiloBuilder silo, string databasePath)
    {
        var path = Path.GetFullPath(databasePath);
        Apply(path);
        return silo.AddXllmSqliteStorageAt(path);
    }

    /// <summary>As <see cref="AddXllmSqliteStorage"/>, on a file that has its tables. Reminders are kept there too.</summary>
    public static ISiloBuilder AddXllmSqliteStorageAt(this ISiloBuilder silo, string path)
    {
        // By a factory, so that the container owns it: the file is free again when the host is disposed.
        silo.Services.AddSingleton(_ => new GatedSqliteDataSource(ConnectionString(path, timeoutSeconds: 30)));
        foreach (var name in (string[])[StorageNames.Default, ProviderConstants.DEFAULT_STORAGE_PROVIDER_NAME])
        {
            silo.AddAdoNetGrainStorage(name, options => options.Configure<Serializer, GatedSqliteDataSource>((storage, serializer, source) =>
            {
                storage.Invariant = Invariant;
                storage.DataSource = source;
                storage.DeleteStateOnClear = true;
                storage.GrainStorageSerializer = new OrleansGrainStorageSerializer(serializer);
            }));
        }

        silo.UseAdoNetReminderService(options => options.Configure<GatedSqliteDataSource>((reminders, source) =>
            (reminders.Invariant, reminders.DataSource) = (Invariant, source)));
        return silo;
    }

    private static string ConnectionString(string path, int timeoutSeconds) =>
        new SqliteConnectionStringBuilder { DataSource = path, DefaultTimeout = timeoutSeconds }.ToString();

    /// <summary>Creates folder, file and tables, or brings them to this program's version.</summary>
    /// <exception cref="StartException">The file cannot be used; its message says why and what to do.</exception>
    public static void Apply(string path)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            using var connection = new SqliteConnection(ConnectionString(path, StartTimeoutSeconds) + ";Pooling=False");
            connection.Open();
            if (SqliteSchema.Apply(connection) is { } newer)
            {
                throw Fault(path, $"it has schema version {newer}, but this program knows {SqliteSchema.Version}", "start the newer program, or choose another file");
            }

            SqliteClusterSchema.Apply(connection);
        }
        catch (SqliteException exception)
        {
            var (fault, remedy) = Explain(exception);
            throw Fault(path, fault, remedy, exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw Fault(path, $"its folder cannot be made ({exception.Message})", Elsewhere, exception);
        }
    }

    private static StartException Fault(string path, string fault, string remedy, Exception? inner = null) => new($"storage {path} cannot be used: {fault}; {remedy}", inner);

    /// <summary>SQLite's primary result codes in words. Source: sqlite.org/rescode.html.</summary>
    private static (string Fault, string Remedy) Explain(SqliteException exception) => exception.SqliteErrorCode switch
    {
        5 or 6 => ($"another process holds it locked for over {StartTimeoutSeconds} s", "stop that process, or choose another file"),
        8 => ("it may only be read", Elsewhere),
        11 or 26 => ("it is damaged, or no SQLite file", "put a backup in its place, or move it away to begin anew"),
        13 => ("the disk is full", "make room, or choose another disk"),
        14 => ("it cannot be opened", Elsewhere),
        _ => (exception.Message, "see sqlite.org/rescode.html"),
    };
}

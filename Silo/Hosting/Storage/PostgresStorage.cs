using System.Net.Sockets;
using Npgsql;
using Orleans.Providers;
using Orleans.Serialization;
using Orleans.Storage;
using XLLM.Grains.Ports;

namespace XLLM.Silo.Hosting.Storage;

/// <summary>Grain storage and reminders in PostgreSQL, through Orleans' own AdoNet providers.</summary>
internal static class PostgresStorage
{
    /// <summary>The provider's name for PostgreSQL.</summary>
    public const string Invariant = "Npgsql";

    /// <summary>Adds the storage <see cref="StorageNames.Default"/>, also as the default one, and reminders.</summary>
    /// <param name="silo">The silo.</param>
    /// <param name="connectionString">A database that has the schema.</param>
    public static ISiloBuilder AddXllmPostgresStorage(this ISiloBuilder silo, string connectionString)
    {
        foreach (var name in (string[])[StorageNames.Default, ProviderConstants.DEFAULT_STORAGE_PROVIDER_NAME])
        {
            silo.AddAdoNetGrainStorage(name, options => options.Configure<Serializer>((storage, serializer) =>
            {
                storage.Invariant = Invariant;
                storage.ConnectionString = connectionString;
                storage.DeleteStateOnClear = true;
                storage.GrainStorageSerializer = new OrleansGrainStorageSerializer(serializer);
            }));
        }

        return silo.UseAdoNetReminderService(options => options.Configure(reminders => (reminders.Invariant, reminders.ConnectionString) = (Invariant, connectionString)));
    }

    /// <summary>Brings the database to this program's schema, or, where it may not, checks that it is there.</summary>
    /// <param name="connectionString">Of Npgsql.</param>
    /// <param name="mayChange">Whether tables may be created and queries replaced.</param>
    /// <exception cref="StartException">The database cannot be used; one line that says why and what to do, without the password.</exception>
    public static SchemaChange Apply(string connectionString, bool mayChange)
    {
        var place = Place(connectionString);
        try
        {
            // The start is synchronous, and nothing else runs yet.
            return Task.Run(() => ApplyAsync(connectionString, place, mayChange)).GetAwaiter().GetResult();
        }
        catch (PostgresException exception) when (exception.SqlState is PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidAuthorizationSpecification)
        {
            throw Fault(place, $"it refuses the user ({exception.MessageText})", "check user name and password", exception);
        }
        catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.InvalidCatalogName)
        {
            throw Fault(place, "there is no such database", "create it, or name another one", exception);
        }
        catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            throw Fault(place, $"the user may not change tables ({exception.MessageText})", "run --migrate as a user who may, and set Xllm:Cluster:ApplySchema to false", exception);
        }
        catch (Exception exception) when (exception is NpgsqlException or SocketException or TimeoutException)
        {
            throw Fault(place, exception.Message.TrimEnd('.'), "check that the server runs and may be reached", exception);
        }
    }

    private static async Task<SchemaChange> ApplyAsync(string connectionString, string place, bool mayChange)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync();
        if (!mayChange)
        {
            return await PostgresSchema.ReadAsync(connection, CancellationToken.None) switch
            {
                null => throw Fault(place, "it has no schema, and Xllm:Cluster:ApplySchema is false", "run --migrate"),
                { Version: var found } when found != PostgresSchema.Version =>
                    throw Fault(place, $"it has schema version {found}, but this program knows {PostgresSchema.Version}", found > PostgresSchema.Version ? "start the newer program" : "run --migrate"),
                _ => SchemaChange.None,
            };
        }

        var (change, version) = await PostgresSchema.ApplyAsync(connection, CancellationToken.None);
        return change != SchemaChange.RefusedNewer
            ? change
            : throw Fault(place, $"it has schema version {version}, but this program knows {PostgresSchema.Version}", "start the newer program, or choose another database");
    }

    /// <summary>Where the database is, in words that may be logged.</summary>
    private static string Place(string connectionString)
    {
        try
        {
            var parts = new NpgsqlConnectionStringBuilder(connectionString);
            return $"{parts.Database} on {parts.Host}:{parts.Port}";
        }
        catch (Exception exception) when (exception is ArgumentException or FormatException or KeyNotFoundException)
        {
            throw new StartException($"the connection string is not one of Npgsql ({exception.Message}): write Host=...;Port=...;Database=...;Username=...;Password=...", exception);
        }
    }

    private static StartException Fault(string place, string fault, string remedy, Exception? inner = null) =>
        new($"the PostgreSQL database {place} cannot be used: {fault}; {remedy}", inner);
}

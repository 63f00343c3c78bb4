using System.Globalization;
using Microsoft.Data.Sqlite;

namespace XLLM.Silo.Hosting.Storage;

/// <summary>
/// Tables and queries of the embedded storage. The AdoNet provider reads its queries from the table OrleansQuery: the contract is their keys, their parameters and the names of their result columns.
/// </summary>
/// <remarks>
/// One row per grain state, found by the whole identity and not by its hashes, so colliding hashes are no issue. The version starts at 1 and grows by 1 with every change; a change whose caller
/// has seen another version changes nothing and answers with the caller's own version, which the provider takes for a conflict.
/// Idempotent: run at every start; queries are replaced, so that a new version of this program brings its own.
/// </remarks>
internal static class SqliteSchema
{
    /// <summary>Grows when a table changes its shape, so that a file of a newer program is not written by an older one.</summary>
    public const int Version = 1;

    /// <summary>A row's identity, in every query.</summary>
    private const string Identity = """
        GrainIdHash = @GrainIdHash AND GrainTypeHash = @GrainTypeHash AND GrainIdN0 = @GrainIdN0 AND GrainIdN1 = @GrainIdN1
        AND GrainType = @GrainTypeString AND GrainIdExtension = ifnull(@GrainIdExtensionString, '') AND ServiceId = @ServiceId
        """;

    /// <summary>What the provider reads of a change: the new version, or the caller's own where nothing changed.</summary>
    private const string NewVersion = "SELECT CASE WHEN changes() > 0 THEN ifnull(@GrainStateVersion, 0) + 1 ELSE @GrainStateVersion END AS NewGrainStateVersion;";

    private const string Tables = """
        CREATE TABLE IF NOT EXISTS OrleansQuery (QueryKey TEXT PRIMARY KEY, QueryText TEXT NOT NULL);

        CREATE TABLE IF NOT EXISTS GrainState (
            GrainIdHash INTEGER NOT NULL,
            GrainTypeHash INTEGER NOT NULL,
            GrainIdN0 INTEGER NOT NULL,
            GrainIdN1 INTEGER NOT NULL,
            GrainType TEXT NOT NULL,
            GrainIdExtension TEXT NOT NULL,
            ServiceId TEXT NOT NULL,
            Payload BLOB,
            ModifiedOn TEXT NOT NULL,
            Version INTEGER NOT NULL,
            PRIMARY KEY (GrainIdHash, GrainTypeHash, GrainIdN0, GrainIdN1, GrainType, GrainIdExtension, ServiceId)
        );
        """;

    private static readonly Dictionary<string, string> Queries = new()
    {
        // A caller without a version inserts, and finds nothing to insert if the row is there; one with a version updates that version only.
        ["WriteToStorageKey"] = $"""
            INSERT INTO GrainState (GrainIdHash, GrainTypeHash, GrainIdN0, GrainIdN1, GrainType, GrainIdExtension, ServiceId, Payload, ModifiedOn, Version)
            SELECT @GrainIdHash, @GrainTypeHash, @GrainIdN0, @GrainIdN1, @GrainTypeString, ifnull(@GrainIdExtensionString, ''), @ServiceId, @PayloadBinary, datetime('now'), 1
            WHERE @GrainStateVersion IS NULL OR EXISTS (SELECT 1 FROM GrainState WHERE {Identity})
            ON CONFLICT DO UPDATE SET Payload = excluded.Payload, ModifiedOn = excluded.ModifiedOn, Version = Version + 1
            WHERE Version = @GrainStateVersion;
            {NewVersion}
            """,
        ["ReadFromStorageKey"] = $"SELECT Payload AS PayloadBinary, Version FROM GrainState WHERE {Identity};",
        ["ClearStorageKey"] = $"""
            UPDATE GrainState SET Payload = NULL, ModifiedOn = datetime('now'), Version = Version + 1
            WHERE {Identity} AND Version = @GrainStateVersion;
            {NewVersion}
            """,
        ["DeleteStorageKey"] = $"""
            DELETE FROM GrainState WHERE {Identity} AND Version = @GrainStateVersion;
            {NewVersion}
            """,
    };

    /// <summary>Brings a file to this version; a new one gets its tables.</summary>
    /// <returns>Null; or the file's version where that is newer, and the file was left alone.</returns>
    /// <exception cref="SqliteException">The file is damaged, not writable, or locked.</exception>
    public static long? Apply(SqliteConnection connection)
    {
        var found = Convert.ToInt64(Scalar(connection, "PRAGMA user_version;"), CultureInfo.InvariantCulture);
        if (found > Version)
        {
            return found;
        }

        // WAL is a property of the file and stays; a reader then never waits for a writer, and a commit is one append.
        Execute(connection, "PRAGMA journal_mode = WAL;");

        using var transaction = connection.BeginTransaction(deferred: false);
        Execute(connection, Tables);
        Put(connection, Queries);
        Execute(connection, $"PRAGMA user_version = {Version};");
        transaction.Commit();
        return null;
    }

    /// <summary>Puts queries where the provider reads them; in the caller's transaction.</summary>
    internal static void Put(SqliteConnection connection, Dictionary<string, string> queries)
    {
        foreach (var (key, text) in queries)
        {
            using var command = connection.CreateCommand();
            command.CommandText = "INSERT INTO OrleansQuery (QueryKey, QueryText) VALUES (@key, @text) ON CONFLICT DO UPDATE SET QueryText = excluded.QueryText;";
            command.Parameters.AddWithValue("@key", key);
            command.Parameters.AddWithValue("@text", text);
            command.ExecuteNonQuery();
        }
    }

    /// <summary>Executes statements; in the caller's transaction.</summary>
    internal static void Execute(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private static object? Scalar(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar();
    }
}

using System.IO.Hashing;
using System.Text;
using Npgsql;

namespace XLLM.Silo.Hosting.Storage;

/// <summary>
/// Tables and queries of grain state, membership and reminders in PostgreSQL. The AdoNet providers read their queries from the table OrleansQuery: the contract is their keys, their parameters and
/// the names of their result columns; tables and texts are ours.
/// </summary>
/// <remarks>
/// Each query is one statement, hence one transaction: what depends on a change reads what that change returned. A caller who has seen another version changes nothing; state answers with
/// the caller's own version, which the provider takes for a conflict, membership with 0 rows. Two changes at once meet at the row's lock, and the second finds the version raised.
/// Idempotent, and safe when many silos start at once: one holds an advisory lock, the others find that nothing is left to do. A schema that is current is only read, so a silo needs no
/// right to change tables.
/// </remarks>
internal static class PostgresSchema
{
    /// <summary>Grows when a table changes its shape, so that a newer program's tables are not written by an older one.</summary>
    public const int Version = 1;

    /// <summary>Any number that other programs do not use: the letters "xllm".</summary>
    private const long LockKey = 0x786C_6C6D;

    /// <summary>A row's identity, in every query of grain state. By the whole identity, so colliding hashes are no issue; hashes first, so that the index is narrow at its root.</summary>
    private const string Identity = """
        grain_id_hash = @GrainIdHash AND grain_type_hash = @GrainTypeHash AND grain_id_n0 = @GrainIdN0 AND grain_id_n1 = @GrainIdN1
        AND grain_type = @GrainTypeString AND grain_id_extension = coalesce(@GrainIdExtensionString::text, '') AND service_id = @ServiceId
        """;

    private const string OldVersion = "@GrainStateVersion::integer";

    /// <summary>State is mostly of one kind that does not compress (serialized records, KV blocks): EXTERNAL keeps the server from trying, which took half of a 1 MiB write (measured).</summary>
    private const string Tables = """
        CREATE TABLE IF NOT EXISTS OrleansQuery (QueryKey text PRIMARY KEY, QueryText text NOT NULL);

        CREATE TABLE IF NOT EXISTS grain_state (
            grain_id_hash integer NOT NULL,
            grain_type_hash integer NOT NULL,
            grain_id_n0 bigint NOT NULL,
            grain_id_n1 bigint NOT NULL,
            grain_type text NOT NULL,
            grain_id_extension text NOT NULL,
            service_id text NOT NULL,
            payload_binary bytea,
            modified_on timestamptz NOT NULL,
            version integer NOT NULL,
            PRIMARY KEY (grain_id_hash, grain_type_hash, grain_id_n0, grain_id_n1, grain_type, grain_id_extension, service_id)
        );
        ALTER TABLE grain_state ALTER COLUMN payload_binary SET STORAGE EXTERNAL;

        CREATE TABLE IF NOT EXISTS membership_version (
            deployment_id text PRIMARY KEY,
            modified_on timestamptz NOT NULL,
            version integer NOT NULL
        );

        CREATE TABLE IF NOT EXISTS membership (
            deployment_id text NOT NULL,
            address text NOT NULL,
            port integer NOT NULL,
            generation integer NOT NULL,
            silo_name text NOT NULL,
            host_name text NOT NULL,
            status integer NOT NULL,
            proxy_port integer,
            suspect_times text,
            start_time timestamptz NOT NULL,
            i_am_alive_time timestamptz NOT NULL,
            PRIMARY KEY (deployment_id, address, port, generation)
        );

        CREATE TABLE IF NOT EXISTS reminder (
            service_id text NOT NULL,
            grain_id text NOT NULL,
            reminder_name text NOT NULL,
            start_time timestamptz NOT NULL,
            period bigint NOT NULL,
            grain_hash integer NOT NULL,
            version integer NOT NULL,
            PRIMARY KEY (service_id, grain_id, reminder_name)
        );
        CREATE INDEX IF NOT EXISTS reminder_by_hash ON reminder (service_id, grain_hash);
        """;

    private const string Silo = "deployment_id = @DeploymentId AND address = @Address AND port = @Port AND generation = @Generation";

    private const string RaiseVersion = "UPDATE membership_version SET modified_on = now(), version = version + 1 WHERE deployment_id = @DeploymentId AND version = @Version";

    private const string MembershipColumns = """
        v.deployment_id AS DeploymentId, m.address AS Address, m.port AS Port, m.generation AS Generation, m.silo_name AS SiloName, m.host_name AS HostName, m.status AS Status,
        m.proxy_port AS ProxyPort, m.suspect_times AS SuspectTimes, m.start_time AS StartTime, m.i_am_alive_time AS IAmAliveTime, v.version AS Version
        """;

    private const string ReminderColumns = "grain_id AS GrainId, reminder_name AS ReminderName, start_time AS StartTime, period AS Period, version AS Version";

    private static readonly SortedDictionary<string, string> Queries = new(StringComparer.Ordinal)
    {
        ["WriteToStorageKey"] = $"""
            WITH updated AS (
                UPDATE grain_state SET payload_binary = @PayloadBinary, modified_on = now(), version = version + 1
                WHERE {Identity} AND version = {OldVersion}
                RETURNING version),
            inserted AS (
                INSERT INTO grain_state (grain_id_hash, grain_type_hash, grain_id_n0, grain_id_n1, grain_type, grain_id_extension, service_id, payload_binary, modified_on, version)
                SELECT @GrainIdHash, @GrainTypeHash, @GrainIdN0, @GrainIdN1, @GrainTypeString, coalesce(@GrainIdExtensionString::text, ''), @ServiceId, @PayloadBinary, now(), 1
                WHERE {OldVersion} IS NULL
                ON CONFLICT DO NOTHING
                RETURNING version)
            SELECT coalesce((SELECT version FROM updated), (SELECT version FROM inserted), {OldVersion}) AS NewGrainStateVersion;
            """,
        ["ReadFromStorageKey"] = $"SELECT payload_binary AS PayloadBinary, version AS Version FROM grain_state WHERE {Identity};",
        ["ClearStorageKey"] = $"""
            WITH cleared AS (
                UPDATE grain_state SET payload_binary = NULL, modified_on = now(), version = version + 1
                WHERE {Identity} AND version = {OldVersion}
                RETURNING version)
            SELECT coalesce((SELECT version FROM cleared), {OldVersion}) AS NewGrainStateVersion;
            """,
        ["DeleteStorageKey"] = $"""
            WITH deleted AS (DELETE FROM grain_state WHERE {Identity} AND version = {OldVersion} RETURNING version)
            SELECT coalesce((SELECT version + 1 FROM deleted), {OldVersion}) AS NewGrainStateVersion;
            """,
        ["InsertMembershipVersionKey"] = """
            WITH added AS (INSERT INTO membership_version VALUES (@DeploymentId, now(), 0) ON CONFLICT DO NOTHING RETURNING 1)
            SELECT count(*)::integer FROM added;
            """,
        ["InsertMembershipKey"] = $"""
            WITH raised AS ({RaiseVersion} AND NOT EXISTS (SELECT 1 FROM membership WHERE {Silo}) RETURNING 1),
            added AS (
                INSERT INTO membership (deployment_id, address, port, generation, silo_name, host_name, status, proxy_port, start_time, i_am_alive_time)
                SELECT @DeploymentId, @Address, @Port, @Generation, @SiloName, @HostName, @Status, @ProxyPort, @StartTime, @IAmAliveTime FROM raised
                RETURNING 1)
            SELECT count(*)::integer FROM added;
            """,
        ["UpdateMembershipKey"] = $"""
            WITH raised AS ({RaiseVersion} RETURNING 1),
            changed AS (
                UPDATE membership SET status = @Status, suspect_times = @SuspectTimes, i_am_alive_time = @IAmAliveTime
                WHERE {Silo} AND EXISTS (SELECT 1 FROM raised)
                RETURNING 1)
            SELECT count(*)::integer FROM changed;
            """,
        ["UpdateIAmAlivetimeKey"] = $"UPDATE membership SET i_am_alive_time = @IAmAliveTime WHERE {Silo};",
        ["MembershipReadRowKey"] = $"""
            SELECT {MembershipColumns} FROM membership_version v
            LEFT JOIN membership m ON m.deployment_id = v.deployment_id AND m.address = @Address AND m.port = @Port AND m.generation = @Generation
            WHERE v.deployment_id = @DeploymentId;
            """,
        ["MembershipReadAllKey"] = $"""
            SELECT {MembershipColumns} FROM membership_version v LEFT JOIN membership m ON m.deployment_id = v.deployment_id WHERE v.deployment_id = @DeploymentId;
            """,
        ["DeleteMembershipTableEntriesKey"] = "DELETE FROM membership WHERE deployment_id = @DeploymentId; DELETE FROM membership_version WHERE deployment_id = @DeploymentId;",
        ["GatewaysQueryKey"] = """
            SELECT address AS Address, proxy_port AS ProxyPort, generation AS Generation FROM membership
            WHERE deployment_id = @DeploymentId AND status = @Status AND proxy_port > 0;
            """,
        ["CleanupDefunctSiloEntriesKey"] = "DELETE FROM membership WHERE deployment_id = @DeploymentId AND i_am_alive_time < @IAmAliveTime AND status <> 3;",
        ["UpsertReminderRowKey"] = """
            INSERT INTO reminder (service_id, grain_id, reminder_name, start_time, period, grain_hash, version)
            VALUES (@ServiceId, @GrainId, @ReminderName, @StartTime, @Period, @GrainHash, 0)
            ON CONFLICT (service_id, grain_id, reminder_name)
            DO UPDATE SET start_time = excluded.start_time, period = excluded.period, grain_hash = excluded.grain_hash, version = reminder.version + 1
            RETURNING version AS Version;
            """,
        ["ReadReminderRowsKey"] = $"SELECT {ReminderColumns} FROM reminder WHERE service_id = @ServiceId AND grain_id = @GrainId;",
        ["ReadReminderRowKey"] = $"SELECT {ReminderColumns} FROM reminder WHERE service_id = @ServiceId AND grain_id = @GrainId AND reminder_name = @ReminderName;",
        ["ReadRangeRows1Key"] = $"SELECT {ReminderColumns} FROM reminder WHERE service_id = @ServiceId AND grain_hash > @BeginHash AND grain_hash <= @EndHash;",
        ["ReadRangeRows2Key"] = $"SELECT {ReminderColumns} FROM reminder WHERE service_id = @ServiceId AND (grain_hash > @BeginHash OR grain_hash <= @EndHash);",
        ["DeleteReminderRowKey"] = """
            WITH deleted AS (DELETE FROM reminder WHERE service_id = @ServiceId AND grain_id = @GrainId AND reminder_name = @ReminderName AND version = @Version RETURNING 1)
            SELECT count(*)::integer FROM deleted;
            """,
        ["DeleteReminderRowsKey"] = "DELETE FROM reminder WHERE service_id = @ServiceId;",
    };

    /// <summary>Names the texts above: other texts need to be put into the database again.</summary>
    private static readonly string Fingerprint = Convert.ToHexString(
        XxHash128.Hash(Encoding.UTF8.GetBytes(Tables + string.Concat(Queries.Select(query => query.Key + query.Value)))));

    /// <summary>Brings a database to this version; an empty one gets its tables.</summary>
    /// <returns>What was done; or the database's version where that is newer, and nothing was changed.</returns>
    /// <exception cref="NpgsqlException">The server cannot be reached, or refuses.</exception>
    public static async Task<(SchemaChange Change, int Found)> ApplyAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var known = await ReadAsync(connection, cancellationToken);
        if (known is { } before && (before.Version > Version || before.Fingerprint == Fingerprint))
        {
            return (before.Version > Version ? SchemaChange.RefusedNewer : SchemaChange.None, before.Version);
        }

        // The session's lock, not the transaction's: inside a transaction PostgreSQL may go on to believe that a table is missing which another one has made meanwhile.
        await ExecuteAsync(connection, $"SELECT pg_advisory_lock({LockKey});", cancellationToken);
        try
        {
            known = await ReadAsync(connection, cancellationToken);     // whoever held the lock may have done it all
            if (known is { } now && (now.Version > Version || now.Fingerprint == Fingerprint))
            {
                return (now.Version > Version ? SchemaChange.RefusedNewer : SchemaChange.None, now.Version);
            }

            await PutAsync(connection, cancellationToken);
            return (known is null ? SchemaChange.Created : SchemaChange.Updated, Version);
        }
        finally
        {
            await ExecuteAsync(connection, $"SELECT pg_advisory_unlock({LockKey});", CancellationToken.None);
        }
    }

    /// <summary>The schema that a database has; null if it has none.</summary>
    public static async Task<(int Version, string Fingerprint)?> ReadAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var exists = new NpgsqlCommand("SELECT to_regclass('xllm_schema') IS NOT NULL;", connection);
        if (await exists.ExecuteScalarAsync(cancellationToken) is not true)
        {
            return null;
        }

        await using var read = new NpgsqlCommand("SELECT version, fingerprint FROM xllm_schema;", connection);
        await using var reader = await read.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? (reader.GetInt32(0), reader.GetString(1)) : null;
    }

    /// <summary>All of it or nothing.</summary>
    private static async Task PutAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await ExecuteAsync(connection, Tables, cancellationToken);
        foreach (var (key, text) in Queries)
        {
            await using var put = new NpgsqlCommand(
                "INSERT INTO OrleansQuery (QueryKey, QueryText) VALUES ($1, $2) ON CONFLICT (QueryKey) DO UPDATE SET QueryText = excluded.QueryText;", connection)
            {
                Parameters = { new() { Value = key }, new() { Value = text } },
            };
            await put.ExecuteNonQueryAsync(cancellationToken);
        }

        await ExecuteAsync(
            connection,
            $"""
            CREATE TABLE IF NOT EXISTS xllm_schema (only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row), version integer NOT NULL, fingerprint text NOT NULL, applied_on timestamptz NOT NULL);
            INSERT INTO xllm_schema (version, fingerprint, applied_on) VALUES ({Version}, '{Fingerprint}', now())
            ON CONFLICT (only_row) DO UPDATE SET version = excluded.version, fingerprint = excluded.fingerprint, applied_on = excluded.applied_on;
            """,
            cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}

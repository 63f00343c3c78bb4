using Microsoft.Data.Sqlite;

namespace XLLM.Silo.Hosting.Storage;

/// <summary>Membership and reminders in the SQLite file, for several processes on one host. Written for this file; the contract is as in <see cref="SqliteSchema"/>.</summary>
/// <remarks>
/// A change of the membership counts only if nobody else changed it since the caller read it: the version row is raised first, and the rest happens if that did.
/// The transaction is immediate, so that two processes never both hold a read lock that they want to raise.
/// Orleans hashes grains into unsigned 32 bits and hands them over as signed ones; a range that wraps around is asked for by its own query.
/// </remarks>
internal static class SqliteClusterSchema
{
    private const string Tables = """
        CREATE TABLE IF NOT EXISTS MembershipVersion (
            DeploymentId TEXT PRIMARY KEY,
            ModifiedOn TEXT NOT NULL,
            Version INTEGER NOT NULL
        );

        CREATE TABLE IF NOT EXISTS Membership (
            DeploymentId TEXT NOT NULL,
            Address TEXT NOT NULL,
            Port INTEGER NOT NULL,
            Generation INTEGER NOT NULL,
            SiloName TEXT NOT NULL,
            HostName TEXT NOT NULL,
            Status INTEGER NOT NULL,
            ProxyPort INTEGER,
            SuspectTimes TEXT,
            StartTime TEXT NOT NULL,
            IAmAliveTime TEXT NOT NULL,
            PRIMARY KEY (DeploymentId, Address, Port, Generation)
        );

        CREATE TABLE IF NOT EXISTS Reminder (
            ServiceId TEXT NOT NULL,
            GrainId TEXT NOT NULL,
            ReminderName TEXT NOT NULL,
            StartTime TEXT NOT NULL,
            Period INTEGER NOT NULL,
            GrainHash INTEGER NOT NULL,
            Version INTEGER NOT NULL,
            PRIMARY KEY (ServiceId, GrainId, ReminderName)
        );

        CREATE INDEX IF NOT EXISTS ReminderByHash ON Reminder (ServiceId, GrainHash);
        """;

    private const string Silo = "DeploymentId = @DeploymentId AND Address = @Address AND Port = @Port AND Generation = @Generation";

    private const string RaiseVersion = "UPDATE MembershipVersion SET ModifiedOn = datetime('now'), Version = Version + 1 WHERE DeploymentId = @DeploymentId AND Version = @Version";

    private const string MembershipColumns =
        "v.DeploymentId, m.Address, m.Port, m.Generation, m.SiloName, m.HostName, m.Status, m.ProxyPort, m.SuspectTimes, m.StartTime, m.IAmAliveTime, v.Version";

    private const string ReminderColumns = "GrainId, ReminderName, StartTime, Period, Version";

    private static readonly Dictionary<string, string> Queries = new()
    {
        ["InsertMembershipVersionKey"] = "INSERT INTO MembershipVersion VALUES (@DeploymentId, datetime('now'), 0) ON CONFLICT DO NOTHING; SELECT changes();",
        ["InsertMembershipKey"] = $"""
            BEGIN IMMEDIATE;
            {RaiseVersion} AND NOT EXISTS (SELECT 1 FROM Membership WHERE {Silo});
            INSERT INTO Membership (DeploymentId, Address, Port, Generation, SiloName, HostName, Status, ProxyPort, StartTime, IAmAliveTime)
            SELECT @DeploymentId, @Address, @Port, @Generation, @SiloName, @HostName, @Status, @ProxyPort, @StartTime, @IAmAliveTime WHERE changes() > 0;
            SELECT changes();
            COMMIT;
            """,
        ["UpdateMembershipKey"] = $"""
            BEGIN IMMEDIATE;
            {RaiseVersion};
            UPDATE Membership SET Status = @Status, SuspectTimes = @SuspectTimes, IAmAliveTime = @IAmAliveTime WHERE {Silo} AND changes() > 0;
            SELECT changes();
            COMMIT;
            """,
        ["UpdateIAmAlivetimeKey"] = $"UPDATE Membership SET IAmAliveTime = @IAmAliveTime WHERE {Silo};",
        ["MembershipReadRowKey"] = $"""
            SELECT {MembershipColumns} FROM MembershipVersion v
            LEFT JOIN Membership m ON m.DeploymentId = v.DeploymentId AND m.Address = @Address AND m.Port = @Port AND m.Generation = @Generation
            WHERE v.DeploymentId = @DeploymentId;
            """,
        ["MembershipReadAllKey"] = $"SELECT {MembershipColumns} FROM MembershipVersion v LEFT JOIN Membership m ON m.DeploymentId = v.DeploymentId WHERE v.DeploymentId = @DeploymentId;",
        ["DeleteMembershipTableEntriesKey"] = "DELETE FROM Membership WHERE DeploymentId = @DeploymentId; DELETE FROM MembershipVersion WHERE DeploymentId = @DeploymentId;",
        ["GatewaysQueryKey"] = "SELECT Address, ProxyPort, Generation FROM Membership WHERE DeploymentId = @DeploymentId AND Status = @Status AND ProxyPort > 0;",
        ["CleanupDefunctSiloEntriesKey"] = "DELETE FROM Membership WHERE DeploymentId = @DeploymentId AND IAmAliveTime < @IAmAliveTime AND Status <> 3;",
        ["UpsertReminderRowKey"] = """
            INSERT INTO Reminder (ServiceId, GrainId, ReminderName, StartTime, Period, GrainHash, Version)
            VALUES (@ServiceId, @GrainId, @ReminderName, @StartTime, @Period, @GrainHash, 0)
            ON CONFLICT DO UPDATE SET StartTime = excluded.StartTime, Period = excluded.Period, GrainHash = excluded.GrainHash, Version = Version + 1
            RETURNING Version;
            """,
        ["ReadReminderRowsKey"] = $"SELECT {ReminderColumns} FROM Reminder WHERE ServiceId = @ServiceId AND GrainId = @GrainId;",
        ["ReadReminderRowKey"] = $"SELECT {ReminderColumns} FROM Reminder WHERE ServiceId = @ServiceId AND GrainId = @GrainId AND ReminderName = @ReminderName;",
        ["ReadRangeRows1Key"] = $"SELECT {ReminderColumns} FROM Reminder WHERE ServiceId = @ServiceId AND GrainHash > @BeginHash AND GrainHash <= @EndHash;",
        ["ReadRangeRows2Key"] = $"SELECT {ReminderColumns} FROM Reminder WHERE ServiceId = @ServiceId AND (GrainHash > @BeginHash OR GrainHash <= @EndHash);",
        ["DeleteReminderRowKey"] = """
            DELETE FROM Reminder WHERE ServiceId = @ServiceId AND GrainId = @GrainId AND ReminderName = @ReminderName AND Version = @Version;
            SELECT changes();
            """,
        ["DeleteReminderRowsKey"] = "DELETE FROM Reminder WHERE ServiceId = @ServiceId;",
    };

    /// <summary>Adds or refreshes tables and queries, after <see cref="SqliteSchema.Apply"/>. Idempotent.</summary>
    public static void Apply(SqliteConnection connection)
    {
        using var transaction = connection.BeginTransaction(deferred: false);
        SqliteSchema.Execute(connection, Tables);
        SqliteSchema.Put(connection, Queries);
        transaction.Commit();
    }
}

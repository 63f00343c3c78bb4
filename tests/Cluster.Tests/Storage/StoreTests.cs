using System.Globalization;
using System.Net;
using Orleans.Runtime;
using Orleans.Storage;
using XLLM.Silo.Hosting;
using XLLM.Silo.Hosting.Cluster;
using XLLM.Silo.Hosting.Storage;

namespace XLLM.Cluster.Tests.Storage;

/// <summary>State, membership and reminders, through Orleans' own providers and our own SQL, on both stores.</summary>
public sealed class StoreTests(DatabaseFixture databases)
{
    private const string GrainType = "state";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(ClusterSettings.Postgres)]
    [InlineData(ClusterSettings.Sqlite)]
    public async Task State_IsReadByAnotherSilo_AsItWasWritten(string store)
    {
        var options = await OptionsAsync(store);
        var payload = new byte[1 << 20];
        new Random(1).NextBytes(payload);
        await using var first = await StoreHost.CreateAsync(options);
        await using var second = await StoreHost.CreateAsync(options);

        var written = new GrainState<byte[]>(payload);
        await first.Storage.WriteStateAsync(GrainType, Grain(1), written, Cancel);
        var read = new GrainState<byte[]>();
        await second.Storage.ReadStateAsync(GrainType, Grain(1), read, Cancel);

        Assert.Equal(payload, read.State);
        Assert.Equal((true, written.ETag), (read.RecordExists, read.ETag));
    }

    /// <summary>Three silos with what each last saw of the same grains do random things; a dictionary says what must come of it.</summary>
    [Theory]
    [InlineData(ClusterSettings.Postgres, 1)]
    [InlineData(ClusterSettings.Postgres, 2)]
    [InlineData(ClusterSettings.Sqlite, 3)]
    public async Task StateChanges_SucceedOnlyForWhoSawTheLastOne(string store, int seed)
    {
        await using var host = await StoreHost.CreateAsync(await OptionsAsync(store));
        var random = new Random(seed);
        var stored = new Dictionary<int, (string State, int Version)>();
        var seen = new Dictionary<(int Silo, int Grain), GrainState<List<string>>>();
        var conflicts = 0;
        for (var step = 0; step < 200; step++)
        {
            var (silo, grain) = (random.Next(3), random.Next(2));
            var state = seen.TryGetValue((silo, grain), out var known) ? known : seen[(silo, grain)] = new GrainState<List<string>>();
            var version = stored.TryGetValue(grain, out var row) ? row.Version : 0;
            var current = state.ETag is null ? version == 0 : state.ETag == version.ToString(CultureInfo.InvariantCulture);
            var next = random.Next(4);
            if (next == 0)
            {
                await host.Storage.ReadStateAsync(GrainType, Grain(grain), state, Cancel);
                Assert.Equal(version > 0, state.RecordExists);
                Assert.Equal(version > 0 ? [row.State] : [], state.State ?? []);
            }
            else if (next == 1 && state.RecordExists)
            {
                if (await SucceedsAsync(() => host.Storage.ClearStateAsync(GrainType, Grain(grain), state, Cancel), current))
                {
                    stored.Remove(grain);
                    seen[(silo, grain)] = new GrainState<List<string>>();
                }
            }
            else
            {
                var before = state.State;
                state.State = [$"step {step}"];
                if (await SucceedsAsync(() => host.Storage.WriteStateAsync(GrainType, Grain(grain), state, Cancel), current))
                {
                    stored[grain] = (state.State[0], version + 1);
                }
                else
                {
                    state.State = before;
                }
            }

            conflicts += current ? 0 : 1;
        }

        Assert.True(conflicts > 20, $"only {conflicts} steps had a silo that was behind");
    }

    [Theory]
    [InlineData(ClusterSettings.Postgres)]
    [InlineData(ClusterSettings.Sqlite)]
    public async Task Membership_TakesOneOfManyChangesAtOnce_AndLosesNone(string store)
    {
        var options = await OptionsAsync(store);
        await using var first = await StoreHost.CreateAsync(options);
        await using var second = await StoreHost.CreateAsync(options);
        IMembershipTable[] tables = [first.Membership, second.Membership];

        // Each joins as a silo does: read, try, and again if somebody was faster.
        var tries = await Task.WhenAll(Enumerable.Range(0, 12).Select(silo => JoinAsync(tables[silo % 2], Entry(silo))));

        var all = await first.Membership.ReadAllAsync(Cancel);
        Assert.Equal(12, all.Members.Count);
        Assert.Equal(12, all.Version.Version);
        Assert.True(tries.Sum() > 12, "nobody met anybody: the test saw no race");

        var (entry, etag) = (await second.Membership.ReadRowAsync(Entry(3).SiloAddress, Cancel)).Members.Single();
        Assert.Equal(("silo 3", SiloStatus.Joining, 30003), (entry.SiloName, entry.Status, entry.ProxyPort));
        var version = (await second.Membership.ReadAllAsync(Cancel)).Version;
        entry.Status = SiloStatus.Dead;
        entry.AddSuspector(Entry(4).SiloAddress, DateTime.UtcNow);
        Assert.True(await second.Membership.UpdateRowAsync(entry, etag, version.Next(), Cancel));
        Assert.False(await second.Membership.UpdateRowAsync(entry, etag, version.Next(), Cancel));         // the same change again: behind

        var dead = (await first.Membership.ReadRowAsync(entry.SiloAddress, Cancel)).Members.Single().Item1;
        Assert.Equal(SiloStatus.Dead, dead.Status);
        Assert.Equal(Entry(4).SiloAddress, Assert.Single(dead.SuspectTimes!).Item1);

        var alive = DateTime.UtcNow.AddMinutes(5);
        dead.IAmAliveTime = alive;
        await first.Membership.UpdateIAmAliveAsync(dead, Cancel);
        Assert.InRange((await second.Membership.ReadRowAsync(entry.SiloAddress, Cancel)).Members.Single().Item1.IAmAliveTime, alive.AddSeconds(-1), alive.AddSeconds(1));

        await first.Membership.CleanupDefunctSiloEntriesAsync(DateTimeOffset.UtcNow.AddMinutes(1), Cancel);
        Assert.Equal([entry.SiloAddress], (await second.Membership.ReadAllAsync(Cancel)).Members.Select(member => member.Item1.SiloAddress));
    }

    [Theory]
    [InlineData(ClusterSettings.Postgres)]
    [InlineData(ClusterSettings.Sqlite)]
    public async Task Reminders_AreFoundByTheirGrain_AndByEveryRangeOfHashes(string store)
    {
        await using var host = await StoreHost.CreateAsync(await OptionsAsync(store));
        var grains = Enumerable.Range(0, 40).Select(Grain).ToArray();
        var etags = new Dictionary<GrainId, string>();
        foreach (var grain in grains)
        {
            etags[grain] = (await host.Reminders.UpsertRow(new ReminderEntry { GrainId = grain, ReminderName = "tick", StartAt = DateTime.UtcNow, Period = TimeSpan.FromMinutes(1) }, Cancel))!;
        }

        var random = new Random(7);
        for (var range = 0; range < 20; range++)
        {
            var (begin, end) = ((uint)random.NextInt64(uint.MaxValue), (uint)random.NextInt64(uint.MaxValue));
            var found = await host.Reminders.ReadRows(begin, end, Cancel);
            Assert.Equal(
                grains.Where(grain => InRange(grain.GetUniformHashCode(), begin, end)).Order(),
                found.Reminders.Select(reminder => reminder.GrainId).Order());
        }

        var again = await host.Reminders.UpsertRow(new ReminderEntry { GrainId = grains[0], ReminderName = "tick", StartAt = DateTime.UtcNow, Period = TimeSpan.FromMinutes(2) }, Cancel);
        Assert.Equal(TimeSpan.FromMinutes(2), (await host.Reminders.ReadRow(grains[0], "tick", Cancel))!.Period);
        Assert.False(await host.Reminders.RemoveRow(grains[0], "tick", etags[grains[0]], Cancel));      // it was changed since
        Assert.True(await host.Reminders.RemoveRow(grains[0], "tick", again!, Cancel));
        Assert.Empty((await host.Reminders.ReadRows(grains[0], Cancel)).Reminders);
    }

    [Fact]
    public async Task ASchema_IsCreatedOnce_HoweverManySilosStart()
    {
        var options = StoreHost.Options(ClusterSettings.Postgres, await databases.CreateAsync());

        var changes = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Task.Run(() => ClusterStore.Apply(options, mayChange: true))));

        Assert.Equal(1, changes.Count(change => change == SchemaChange.Created));
        Assert.Equal(5, changes.Count(change => change == SchemaChange.None));
        Assert.Equal(SchemaChange.None, ClusterStore.Apply(options, mayChange: false));
    }

    [Fact]
    public async Task ANewerSchema_IsLeftAlone_AndSaidSo()
    {
        var options = StoreHost.Options(ClusterSettings.Postgres, await databases.CreateAsync());
        ClusterStore.Apply(options, mayChange: true);
        await ExecuteAsync(options, "UPDATE xllm_schema SET version = 99;");

        var fault = Assert.Throws<StartException>(() => ClusterStore.Apply(options, mayChange: true));
        Assert.Contains("99", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AnEmptyDatabase_IsNotTouched_WhereASiloMayNotChangeTables()
    {
        var options = StoreHost.Options(ClusterSettings.Postgres, await databases.CreateAsync());

        var fault = Assert.Throws<StartException>(() => ClusterStore.Apply(options, mayChange: false));
        Assert.Contains("--migrate", fault.Message, StringComparison.Ordinal);
        Assert.Equal(SchemaChange.Created, ClusterStore.Apply(options, mayChange: true));
    }

    [Theory]
    [InlineData("Password", "wrong", "refuses the user")]
    [InlineData("Database", "nowhere", "no such database")]
    [InlineData("Port", "1", "cannot be used")]
    public async Task ADatabaseThatCannotBeUsed_IsSaidInOneLine_WithoutThePassword(string part, string value, string said)
    {
        var parts = new Npgsql.NpgsqlConnectionStringBuilder(await databases.CreateAsync());
        var password = parts.Password!;
        parts[part] = value;
        var options = StoreHost.Options(ClusterSettings.Postgres, parts.ToString());

        var fault = Assert.Throws<StartException>(() => ClusterStore.Apply(options, mayChange: true));
        Assert.Contains(said, fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', fault.Message);
        Assert.DoesNotContain(password, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task StatePayloads_AreNotCompressed()
    {
        var options = StoreHost.Options(ClusterSettings.Postgres, await databases.CreateAsync());
        ClusterStore.Apply(options, mayChange: true);

        Assert.Equal("e", await ExecuteAsync(options, "SELECT attstorage::text FROM pg_attribute WHERE attrelid = 'grain_state'::regclass AND attname = 'payload_binary';"));
    }

    private static async Task<int> JoinAsync(IMembershipTable table, MembershipEntry entry)
    {
        for (var tries = 1; ; tries++)
        {
            var now = await table.ReadAllAsync(Cancel);
            await Task.Yield();
            if (await table.InsertRowAsync(entry, now.Version.Next(), Cancel))
            {
                return tries;
            }
        }
    }

    private static MembershipEntry Entry(int number) => new()
    {
        SiloAddress = SiloAddress.New(IPAddress.Loopback, 11000 + number, 1),
        SiloName = $"silo {number}",
        HostName = "host",
        Status = SiloStatus.Joining,
        ProxyPort = 30000 + number,
        StartTime = DateTime.UtcNow,
        IAmAliveTime = DateTime.UtcNow,
        SuspectTimes = [],
    };

    private static GrainId Grain(int number) => GrainId.Create("storage-test", $"grain {number}");

    private static bool InRange(uint hash, uint begin, uint end) => begin < end ? hash > begin && hash <= end : hash > begin || hash <= end;

    private static async Task<bool> SucceedsAsync(Func<Task> change, bool expected)
    {
        if (expected)
        {
            await change();
            return true;
        }

        await Assert.ThrowsAsync<InconsistentStateException>(change);
        return false;
    }

    private static async Task<object?> ExecuteAsync(SiloOptions options, string sql)
    {
        await using var connection = new Npgsql.NpgsqlConnection(options.Cluster.ConnectionString);
        await connection.OpenAsync(Cancel);
        await using var command = new Npgsql.NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync(Cancel);
    }

    private async Task<SiloOptions> OptionsAsync(string store) => StoreHost.Options(
        store, store == ClusterSettings.Postgres ? await databases.CreateAsync() : Path.Combine(Directory.CreateTempSubdirectory("xllm-store-").FullName, "cluster.db"));
}

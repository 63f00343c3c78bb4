using XLLM.Cluster.Tests.Storage;
using XLLM.Testing;

[assembly: AssemblyFixture(typeof(DatabaseFixture))]

namespace XLLM.Cluster.Tests.Storage;

/// <summary>One PostgreSQL for all tests that only need a database; started when the first asks for it.</summary>
public sealed class DatabaseFixture : IAsyncLifetime
{
    private readonly Lazy<Task<OneHost>> _host = new(OneHost.StartDatabaseAsync);
    private int _databases;

    /// <summary>The connection string of a new, empty database. Skips the test where PostgreSQL is not installed.</summary>
    public async Task<string> CreateAsync()
    {
        Assert.SkipUnless(OneHost.Missing is null, OneHost.Missing ?? "");
        var host = await _host.Value;
        var name = $"test_{Interlocked.Increment(ref _databases)}";
        await using var connection = new Npgsql.NpgsqlConnection(host.ConnectionString);
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        await using var create = new Npgsql.NpgsqlCommand($"CREATE DATABASE {name};", connection);
        await create.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        return new Npgsql.NpgsqlConnectionStringBuilder(host.ConnectionString) { Database = name, Pooling = false }.ToString();
    }

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        if (_host.IsValueCreated)
        {
            await (await _host.Value).DisposeAsync();
        }
    }
}

using Microsoft.Data.Sqlite;
using Orleans.Storage;
using XLLM.Grains.Interfaces.Routing;
using XLLM.Grains.Ports;

namespace XLLM.Silo.Tests.Hosting.Storage;

/// <summary>KV blocks in real grains on real SQLite.</summary>
public sealed class KvStoreTests
{
    private const string Layout = "00112233";

    /// <summary>Most bytes of one grain's state.</summary>
    private const int PieceBytes = 1 << 20;

    [Fact]
    public async Task Runs_AreFoundAndReadAgain_AfterTheHostWasStartedAgain()
    {
        using var folder = new TemporaryFolder();
        var file = folder.File("state.db");
        var (small, large) = (Run(1, 0, 1000, 2000), Run(2, 2, PieceBytes + 5, PieceBytes));
        await using (var host = await StorageHost.StartAsync(file))
        {
            await WriteAsync(host.KvStore(Layout, 1 << 30), small);
            await WriteAsync(host.KvStore(Layout, 1 << 30), large);
        }

        await using (var host = await StorageHost.StartAsync(file))
        {
            var store = host.KvStore(Layout, 1 << 30);
            var found = await store.FindAsync([.. small.Hashes, .. large.Hashes, Hash(9)], 1);

            Assert.Equal([small.Id, large.Id], found.Select(run => run.Id));
            Assert.Equal(Bytes(small), await store.ReadAsync(found[0]));
            Assert.Equal(Bytes(large), await store.ReadAsync(found[1]));
            Assert.Equal((4, small.TotalBytes + large.TotalBytes), await store.GetSizeAsync());
            Assert.Empty(await host.KvStore("another layout", 1 << 30).FindAsync(small.Hashes, 1));
        }
    }

    [Fact]
    public async Task TheBudgetHolds_InRowsToo()
    {
        using var folder = new TemporaryFolder();
        var file = folder.File("state.db");
        await using (var host = await StorageHost.StartAsync(file))
        {
            var store = host.KvStore(Layout, 10_000);
            await Task.WhenAll(Enumerable.Range(0, 40).Select(i => WriteAsync(store, Run(i, 2 * i, 700, 300))));
            var (blocks, bytes) = await store.GetSizeAsync();
            Assert.Equal((20, 10_000), (blocks, bytes));
        }

        Assert.Equal(10, Pieces(file));
        await using (var host = await StorageHost.StartAsync(file))
        {
            var store = host.KvStore(Layout, 10_000);
            Assert.Equal((20L, 10_000L), await store.GetSizeAsync());
            await store.ClearAsync();
            Assert.Equal((0L, 0L), await store.GetSizeAsync());
        }

        Assert.Equal(0, Pieces(file));
    }

    [Fact]
    public async Task ARunWhosePiecesAreGone_ReadsAsNothing_AndCanBeForgotten()
    {
        using var folder = new TemporaryFolder();
        var file = folder.File("state.db");
        var run = Run(1, 0, 1000);
        await using (var host = await StorageHost.StartAsync(file))
        {
            var store = host.KvStore(Layout, 1 << 30);
            await WriteAsync(store, run);
            Assert.Null(await store.ReserveAsync(run));
        }

        Execute(file, "DELETE FROM GrainState WHERE GrainIdExtension LIKE '%/%' OR GrainType LIKE '%piece%';");
        await using (var host = await StorageHost.StartAsync(file))
        {
            var store = host.KvStore(Layout, 1 << 30);
            var found = Assert.Single(await store.FindAsync(run.Hashes, 1));
            Assert.Null(await store.ReadAsync(found));
            await store.ForgetAsync(found);
            Assert.Empty(await store.FindAsync(run.Hashes, 1));
            Assert.NotNull(await store.ReserveAsync(run));
        }
    }

    [Fact]
    public async Task AReservedRun_IsNotFound_BeforeItIsWritten()
    {
        using var folder = new TemporaryFolder();
        await using var host = await StorageHost.StartAsync(folder.File("state.db"));
        var store = host.KvStore(Layout, 1 << 30);
        var run = (await store.ReserveAsync(Run(1, 0, 100)))!;

        Assert.Empty(await store.FindAsync(run.Hashes, 1));
        await store.WriteAsync(run, Bytes(run));
        Assert.Single(await store.FindAsync(run.Hashes, 1));
        await Assert.ThrowsAsync<ArgumentException>(() => store.WriteAsync(run, new byte[99]));
    }

    private static async Task WriteAsync(IKvStore store, StoredRun run)
    {
        var reserved = await store.ReserveAsync(run);
        Assert.NotNull(reserved);
        await store.WriteAsync(reserved, Bytes(reserved));
    }

    private static StoredRun Run(int number, int firstBlock, params int[] bytes) => new(
        new PrefixHash(77, (ulong)number * 7919), [.. bytes.Select((_, i) => Hash(firstBlock + i))], [.. bytes.Select(_ => (byte)0)], bytes);

    private static PrefixHash Hash(int block) => new(3, (ulong)block);

    private static byte[] Bytes(StoredRun run)
    {
        var bytes = new byte[run.TotalBytes];
        new Random((int)run.Id.Low).NextBytes(bytes);
        return bytes;
    }

    private static long Pieces(string file) => Execute(file, "SELECT count(*) FROM GrainState WHERE GrainType LIKE '%piece%';");

    private static long Execute(string file, string sql)
    {
        using var connection = new SqliteConnection($"Data Source={file};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return Convert.ToInt64(command.ExecuteScalar(), System.Globalization.CultureInfo.InvariantCulture);
    }
}

using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Hosting;
using Orleans.Hosting;
using Orleans.Storage;
using XLLM.Grains.Interfaces.Chat;
using XLLM.Silo.Hosting;
using XLLM.Silo.Hosting.Storage;

namespace XLLM.Silo.Tests.Hosting.Storage;

public sealed class SqliteStorageTests
{
    private const string GrainType = "state";

    [Fact]
    public async Task State_IsReadAgain_AfterTheHostWasStartedAgain()
    {
        using var folder = new TemporaryFolder();
        var file = folder.File("data/state.db");
        var written = new GrainState<string>("once upon a time");
        await using (var host = await StorageHost.StartAsync(file))
        {
            await host.Storage.WriteStateAsync(GrainType, StorageHost.Grain(1), written);
        }

        await using (var host = await StorageHost.StartAsync(file))
        {
            var read = new GrainState<string>();
            await host.Storage.ReadStateAsync(GrainType, StorageHost.Grain(1), read);
            Assert.Equal(("once upon a time", written.ETag, true), (read.State, read.ETag, read.RecordExists));
        }
    }

    [Fact]
    public async Task Conversation_GoesOn_AfterTheHostWasStartedAgain()
    {
        using var folder = new TemporaryFolder();
        var file = folder.File("state.db");
        await using (var host = await StorageHost.StartAsync(file))
        {
            host.Model.Reply = (_, _) => "Hello Ada.";
            await TakeTurnAsync(host, "I am Ada.");
        }

        await using (var host = await StorageHost.StartAsync(file))
        {
            var stored = await host.Client.GetSessionAsync("s1");
            Assert.Equal(["user: I am Ada.", "assistant: Hello Ada."], stored!.Messages.Select(message => $"{message.Role}: {message.Text}"));

            host.Model.Reply = (prompt, _) => prompt.Contains("I am Ada.", StringComparison.Ordinal) ? "You are Ada." : "Who are you?";
            await TakeTurnAsync(host, "Who am I?");
            Assert.Equal("You are Ada.", (await host.Client.GetSessionAsync("s1"))!.Messages[^1].Text);

            Assert.True(await host.Client.DeleteSessionAsync("s1"));
            Assert.False(await host.Client.DeleteSessionAsync("s1"));
            Assert.Null(await host.Client.GetSessionAsync("s1"));
        }
    }

    [Fact]
    public async Task ManyWriters_AllSucceed()
    {
        using var folder = new TemporaryFolder();
        await using var host = await StorageHost.StartAsync(folder.File("state.db"));

        await Task.WhenAll(Enumerable.Range(0, 64).Select(WriteAsync));

        for (var grain = 0; grain < 64; grain++)
        {
            var read = new GrainState<byte[]>();
            await host.Storage.ReadStateAsync(GrainType, StorageHost.Grain(grain), read);
            Assert.Equal("5", read.ETag);
            Assert.Equal(Payload(grain, 4), read.State);
        }

        async Task WriteAsync(int grain)
        {
            var state = new GrainState<byte[]>();
            for (var write = 0; write < 5; write++)
            {
                state.State = Payload(grain, write);
                await host.Storage.WriteStateAsync(GrainType, StorageHost.Grain(grain), state);
            }
        }

        static byte[] Payload(int grain, int write)
        {
            var bytes = new byte[4096];
            new Random((grain * 100) + write).NextBytes(bytes);
            return bytes;
        }
    }

    /// <summary>Three activations of the same grains, each with what it last saw, do random things; a dictionary says what must come of it.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Changes_SucceedOnlyForWhoSawTheLastOne(int seed)
    {
        using var folder = new TemporaryFolder();
        await using var host = await StorageHost.StartAsync(folder.File("state.db"));
        var random = new Random(seed);
        var stored = new Dictionary<int, (string State, int Version)>();
        var seen = new Dictionary<(int Activation, int Grain), GrainState<List<string>>>();
        var conflicts = 0;

        for (var step = 0; step < 300; step++)
        {
            var (activation, grain) = (random.Next(3), random.Next(2));
            if (!seen.TryGetValue((activation, grain), out var state))
            {
                state = seen[(activation, grain)] = new GrainState<List<string>>();
            }

            var version = stored.TryGetValue(grain, out var row) ? row.Version : 0;
            var current = state.ETag is null ? version == 0 : state.ETag == $"{version}";
            switch (random.Next(4))
            {
                case 0:
                    await host.Storage.ReadStateAsync(GrainType, StorageHost.Grain(grain), state);
                    Assert.Equal((version > 0, version > 0 ? $"{version}" : null), (state.RecordExists, state.ETag));
                    Assert.Equal(version > 0 ? [row.State] : [], state.State ?? []);
                    break;

                case 1 when state.RecordExists:
                    await ExpectAsync(current, () => host.Storage.ClearStateAsync(GrainType, StorageHost.Grain(grain), state));
                    if (current)
                    {
                        stored.Remove(grain);
                        seen[(activation, grain)] = new GrainState<List<string>>();
                    }

                    break;

                default:
                    var before = state.State;
                    state.State = [$"step {step}"];
                    await ExpectAsync(current, () => host.Storage.WriteStateAsync(GrainType, StorageHost.Grain(grain), state));
                    if (current)
                    {
                        stored[grain] = (state.State[0], version + 1);
                        Assert.Equal($"{version + 1}", state.ETag);
                    }
                    else
                    {
                        state.State = before!;
                    }

                    break;
            }
        }

        Assert.True(conflicts > 10, $"only {conflicts} conflicts in 300 steps");

        async Task ExpectAsync(bool success, Func<Task> change)
        {
            if (success)
            {
                await change();
            }
            else
            {
                await Assert.ThrowsAsync<InconsistentStateException>(change);
                conflicts++;
            }
        }
    }

    [Fact]
    public void Start_NamesFileAndRemedy_WhenTheFileIsDamaged()
    {
        using var folder = new TemporaryFolder();
        var file = folder.File("state.db");
        File.WriteAllText(file, new string('x', 10_000));

        AssertFault(file, $"storage {file} cannot be used: it is damaged, or no SQLite file; put a backup in its place, or move it away to begin anew");
    }

    [Fact]
    public void Start_NamesFileAndRemedy_WhenTheFolderCannotBeMade()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("taken"), "");
        var file = Path.Combine(folder.File("taken"), "below", "state.db");

        var message = AssertFault(file, null);
        Assert.StartsWith($"storage {file} cannot be used: its folder cannot be made (", message, StringComparison.Ordinal);
        Assert.EndsWith("choose a folder that this user may write", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Start_NamesFileAndRemedy_WhenTheFileIsAFolder()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.File("state.db"));

        AssertFault(folder.File("state.db"), $"storage {folder.File("state.db")} cannot be used: it cannot be opened; choose a folder that this user may write");
    }

    [Fact]
    public void Start_NamesFileAndRemedy_WhenAnotherProcessHoldsIt()
    {
        using var folder = new TemporaryFolder();
        var file = folder.File("state.db");
        using var other = new SqliteConnection($"Data Source={file};Pooling=False");
        other.Open();
        using var command = other.CreateCommand();
        command.CommandText = "BEGIN EXCLUSIVE; CREATE TABLE held (id INTEGER);";
        command.ExecuteNonQuery();

        AssertFault(file, $"storage {file} cannot be used: another process holds it locked for over 5 s; stop that process, or choose another file");
    }

    [Fact]
    public void Start_LeavesAFileOfANewerProgramAlone()
    {
        using var folder = new TemporaryFolder();
        var file = folder.File("state.db");
        using (var newer = new SqliteConnection($"Data Source={file};Pooling=False"))
        {
            newer.Open();
            using var command = newer.CreateCommand();
            command.CommandText = "PRAGMA user_version = 7;";
            command.ExecuteNonQuery();
        }

        AssertFault(file, $"storage {file} cannot be used: it has schema version 7, but this program knows 1; start the newer program, or choose another file");
    }

    private static string AssertFault(string file, string? expected)
    {
        var builder = Host.CreateApplicationBuilder();
        var exception = Assert.Throws<StartException>(() => builder.UseOrleans(silo => silo.AddXllmSqliteStorage(file)));
        if (expected is not null)
        {
            Assert.Equal(expected, exception.Message);
        }

        return exception.Message;
    }

    private static async Task TakeTurnAsync(StorageHost host, string text)
    {
        var request = new ChatRequest { RequestId = Guid.NewGuid().ToString("n"), Model = "tiny", Messages = [ChatMessage.FromText("user", text)], SessionId = "s1" };
        ChatEvent? last = null;
        await foreach (var next in host.Client.ChatAsync(request, TestContext.Current.CancellationToken))
        {
            last = next;
        }

        Assert.Null(Assert.IsType<ChatEnded>(last).Message);
    }
}

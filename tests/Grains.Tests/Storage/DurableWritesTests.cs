using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Orleans.Runtime;
using Orleans.Storage;
using XLLM.Grains.Storage;

namespace XLLM.Grains.Tests.Storage;

public sealed class DurableWritesTests
{
    [Fact]
    public async Task WriteAsync_TriesAgain_UntilStorageIsBack_AndHealthSaysSo()
    {
        var (health, state) = (new StorageHealth(), new FlakyState(failures: 3));
        var duringOutage = "";
        state.BeforeWrite = _ => duringOutage = health.Fault ?? duringOutage;

        await Writes(health, TimeSpan.FromSeconds(30)).WriteAsync(state, _ => false, TestContext.Current.CancellationToken);

        Assert.Equal("mine", state.Stored);
        Assert.Equal(4, state.Writes);
        Assert.Equal("the disk is away", duringOutage);
        Assert.Null(health.Fault);
    }

    [Fact]
    public async Task WriteAsync_GivesUp_WithTheLastFailure_WhenTheScheduleEnds()
    {
        var (health, state) = (new StorageHealth(), new FlakyState(failures: int.MaxValue));

        var failure = await Assert.ThrowsAsync<IOException>(() => Writes(health, TimeSpan.FromMilliseconds(200)).WriteAsync(state, _ => false, TestContext.Current.CancellationToken));

        Assert.Equal("the disk is away", failure.Message);
        Assert.Equal("the disk is away", health.Fault);
        Assert.Null(state.Stored);
    }

    [Fact]
    public async Task WriteAsync_TakesALostAnswerForSuccess_WhenTheRowIsTheOneThatWasWritten()
    {
        var state = new FlakyState(failures: 1) { ArrivesAnyway = true };

        await Writes(new(), TimeSpan.FromSeconds(30)).WriteAsync(state, stored => stored == "mine", TestContext.Current.CancellationToken);
        Assert.Equal("mine", state.Stored);

        var foreign = new FlakyState(failures: 1) { ArrivesAnyway = true };
        await Assert.ThrowsAsync<InconsistentStateException>(() => Writes(new(), TimeSpan.FromSeconds(30)).WriteAsync(foreign, _ => false, TestContext.Current.CancellationToken));
    }

    [Fact]
    public void PauseAfter_Doubles_UpToTheLongest_AndEndsWithTheSchedule()
    {
        var schedule = new RetrySchedule(TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(2));

        Assert.Equal([50, 100, 200, 400, 800, 1600, 2000, 2000], Enumerable.Range(1, 8).Select(failures => schedule.PauseAfter(failures, TimeSpan.Zero)!.Value.TotalMilliseconds));
        Assert.Equal(2000, schedule.PauseAfter(10_000, TimeSpan.Zero)!.Value.TotalMilliseconds);
        Assert.Null(schedule.PauseAfter(1, TimeSpan.FromSeconds(9.96)));
    }

    private static DurableWrites Writes(StorageHealth health, TimeSpan retryFor) =>
        new(Options.Create(new StorageOptions { RetryFor = retryFor, LongestPause = TimeSpan.FromMilliseconds(50) }), health, TimeProvider.System, NullLogger<DurableWrites>.Instance);

    /// <summary>A state whose first writes fail.</summary>
    private sealed class FlakyState(int failures) : IPersistentState<string>
    {
        private int _version;
        private int _seen;

        public string State { get; set; } = "mine";

        public string? Stored { get; private set; }

        public int Writes { get; private set; }

        /// <summary>A write that fails has changed the row all the same.</summary>
        public bool ArrivesAnyway { get; init; }

        public Action<int>? BeforeWrite { get; set; }

        public string Etag => "";

        public bool RecordExists => Stored is not null;

        public Task WriteStateAsync()
        {
            BeforeWrite?.Invoke(++Writes);
            if (_seen != _version)
            {
                throw new InconsistentStateException("another version");
            }

            var fails = Writes <= failures;
            if (!fails || ArrivesAnyway)
            {
                (Stored, _version) = (State, _version + 1);
            }

            _seen = fails ? _seen : _version;
            return fails ? throw new IOException("the disk is away") : Task.CompletedTask;
        }

        public Task WriteStateAsync(CancellationToken cancellationToken) => WriteStateAsync();

        public Task ReadStateAsync()
        {
            (State, _seen) = (Stored ?? "", _version);
            return Task.CompletedTask;
        }

        public Task ReadStateAsync(CancellationToken cancellationToken) => ReadStateAsync();

        public Task ClearStateAsync() => Task.CompletedTask;

        public Task ClearStateAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}

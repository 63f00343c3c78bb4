using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Orleans.Runtime;
using Orleans.Storage;
using XLLM.Grains.Storage;

namespace XLLM.Grains.Tests.ControlPlane;

/// <summary>Turns written through a storage that fails before it writes, after it wrote, and for seconds at a time, over hundreds of seeds in virtual time.</summary>
public sealed class StorageFaultTests
{
    [Fact]
    public async Task WhatWasAcknowledged_IsStoredOnce_AndWhatWasNot_IsNeverStoredTwice()
    {
        var (acknowledged, refused, tries) = (0, 0, 0);
        for (var seed = 1; seed <= 300; seed++)
        {
            var random = new Random(seed);
            var clock = new JumpingClock();
            var store = new FaultyStore(random, clock);
            var state = new Row(store);
            var writes = new DurableWrites(
                Options.Create(new StorageOptions()), new StorageHealth(), clock, NullLogger<DurableWrites>.Instance);
            var told = new List<int>();
            for (var turn = 1; turn <= 20; turn++)
            {
                var before = state.State;
                try
                {
                    var wanted = state.State = [.. before, turn];
                    await writes.WriteAsync(state, stored => stored.SequenceEqual(wanted), TestContext.Current.CancellationToken);
                    told.Add(turn);
                    acknowledged++;
                }
                catch (Exception exception) when (exception is not OperationCanceledException)
                {
                    refused++;
                    store.Heal();
                    await state.ReadStateAsync();        // as a session does before its next use
                }

                Assert.True(store.Value.SequenceEqual(store.Value.Distinct()), $"seed {seed}, turn {turn}: stored twice: {string.Join(",", store.Value)}");
                Assert.True(told.All(store.Value.Contains), $"seed {seed}, turn {turn}: {string.Join(",", told.Except(store.Value))} was acknowledged and is not stored");
                Assert.True(store.Value.SequenceEqual(store.Value.Order()), $"seed {seed}, turn {turn}: out of order: {string.Join(",", store.Value)}");
            }

            tries += store.Tries;
        }

        Assert.InRange(acknowledged, 4000, 6000);
        Assert.InRange(tries, acknowledged + 1000, 100 * acknowledged);
    }

    /// <summary>One row with an etag.</summary>
    private sealed class FaultyStore(Random random, JumpingClock clock)
    {
        private double _downUntil;
        private int _version;

        public int[] Value { get; private set; } = [];

        public int Tries { get; private set; }

        public void Heal() => _downUntil = 0;

        public (int[] Value, int Version) Read() => (Value, _version);

        public int Write(int[] value, int version)
        {
            Tries++;
            if (random.Next(15) == 0)
            {
                _downUntil = clock.Seconds + (random.NextDouble() * 60);
            }

            if (clock.Seconds < _downUntil || random.Next(8) == 0)
            {
                throw new TimeoutException("the storage does not answer");
            }

            if (version != _version)
            {
                throw new InconsistentStateException("the row was changed", _version.ToString(), version.ToString());
            }

            (Value, _version) = (value, _version + 1);
            return random.Next(8) > 0 ? _version : throw new TimeoutException("the answer was lost");
        }
    }

    private sealed class Row(FaultyStore store) : IPersistentState<int[]>
    {
        private int _version;

        public int[] State { get; set; } = [];

        public string Etag => _version.ToString();

        public bool RecordExists => _version > 0;

        public Task ClearStateAsync() => throw new NotSupportedException();

        public Task WriteStateAsync()
        {
            try
            {
                _version = store.Write(State, _version);
                return Task.CompletedTask;
            }
            catch (Exception exception)
            {
                return Task.FromException(exception);
            }
        }

        public Task ReadStateAsync()
        {
            (State, _version) = store.Read();
            return Task.CompletedTask;
        }
    }

    /// <summary>Every wait is over at once, and the time has passed.</summary>
    private sealed class JumpingClock : TimeProvider
    {
        private TimeSpan _now;

        public double Seconds => _now.TotalSeconds;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _now.Ticks;

        public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch + _now;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            _now += dueTime > TimeSpan.Zero ? dueTime : TimeSpan.Zero;
            ThreadPool.UnsafeQueueUserWorkItem(_ => callback(state), null);
            return new Done();
        }

        private sealed class Done : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period) => false;

            public void Dispose()
            {
            }

            public ValueTask DisposeAsync() => ValueTask.CompletedTask;
        }
    }
}

using System.Reflection;
using System.Threading.Channels;
using XLLM.Grains.Interfaces.Client;
using XLLM.Grains.Interfaces.Replicas;

namespace XLLM.Grains.Interfaces.Tests.Client;

public sealed class AskedSiloDeathsTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task WhoWatches_IsToldOfADeath_AndSilosAreAskedOnlyWhileSomebodyWatches()
    {
        var (clock, cluster, told) = (new Seconds(), new Cluster(), new List<string>());
        var deaths = new AskedSiloDeaths(Factory.Of(cluster), clock);
        using var first = deaths.Watch("s1", () => told.Add("s1"));
        var second = deaths.Watch("s2", () => told.Add("s2"));

        var next = await clock.NextAsync();
        Assert.Empty(cluster.Questions);
        cluster.Answers.Enqueue(() => ["s1"]);
        next();
        next = await clock.NextAsync();
        Assert.Equal(["s1"], told);

        // A question that is lost is asked again.
        cluster.Answers.Enqueue(() => throw new TimeoutException());
        next();
        next = await clock.NextAsync();
        cluster.Answers.Enqueue(() => []);
        next();
        next = await clock.NextAsync();
        Assert.Equal(["s1 s2", "s2", "s2"], cluster.Questions);

        second.Dispose();
        next();
        using var third = deaths.Watch("s3", () => told.Add("s3"));
        cluster.Answers.Enqueue(() => ["s3"]);
        (await clock.NextAsync())();
        next = await clock.NextAsync();
        Assert.Equal(["s1 s2", "s2", "s2", "s3"], cluster.Questions);
        Assert.Equal(["s1", "s3"], told);
        next();
    }

    /// <summary>Hands out the waits for the next question, to be ended by the test; other timers never end.</summary>
    private sealed class Seconds : TimeProvider
    {
        private readonly Channel<Action> _waits = Channel.CreateUnbounded<Action>();

        public ValueTask<Action> NextAsync() => _waits.Reader.ReadAsync(Cancel);

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            if (dueTime == AskedSiloDeaths.Period)
            {
                _waits.Writer.TryWrite(() => callback(state));
            }

            return System.CreateTimer(static _ => { }, null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }

    private sealed class Cluster : ISiloWatchGrain
    {
        public List<string> Questions { get; } = [];

        public Queue<Func<string[]>> Answers { get; } = [];

        public Task<string[]> FindDeadAsync(string[] silos)
        {
            Questions.Add(string.Join(' ', silos.Order()));
            return Task.FromResult(Answers.Dequeue()());
        }
    }

    /// <summary>Its grains are one.</summary>
    public class Factory : DispatchProxy
    {
        private ISiloWatchGrain? _grain;

        public static IGrainFactory Of(ISiloWatchGrain grain)
        {
            var factory = Create<IGrainFactory, Factory>();
            ((Factory)(object)factory)._grain = grain;
            return factory;
        }

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) => _grain;
    }
}

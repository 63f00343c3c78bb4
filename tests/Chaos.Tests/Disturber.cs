using System.Collections.Concurrent;
using XLLM.Testing;

namespace XLLM.Chaos.Tests;

/// <summary>Kills and pauses engine silos at random times, and starts again what died, as a supervisor would. At least one engine is always left alone.</summary>
internal sealed class Disturber(OneHost cluster, string[] engines, int seed)
{
    private readonly Random _random = new(seed);
    private readonly ConcurrentDictionary<string, Task> _down = new();

    /// <summary>What was done, in order.</summary>
    public ConcurrentQueue<string> Deeds { get; } = new();

    /// <summary>Disturbs until the time is over, then lets everything come back.</summary>
    public async Task RunAsync(TimeSpan duration, CancellationToken cancellationToken)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        over.CancelAfter(duration);
        while (!over.IsCancellationRequested)
        {
            await Task.Delay(TimeSpan.FromSeconds(2 + (4 * _random.NextDouble())), over.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            foreach (var back in _down.Where(one => one.Value.IsCompleted).ToArray())
            {
                await back.Value;
                _down.TryRemove(back);
            }

            foreach (var gone in engines.Where(engine => !_down.ContainsKey(engine) && !cluster.IsRunning(engine)))
            {
                _down[gone] = ReturnAsync(gone);
            }

            // Two away at once is the most that a request of three tries is promised to survive.
            var up = engines.Where(engine => !_down.ContainsKey(engine)).ToArray();
            if (over.IsCancellationRequested || _down.Count >= 2 || up.Length < 2)
            {
                continue;
            }

            var victim = up[_random.Next(up.Length)];
            _down[victim] = _random.Next(3) == 0 ? PauseAsync(victim, TimeSpan.FromSeconds(1 + (5 * _random.NextDouble()))) : KillAsync(victim);
        }

        await Task.WhenAll(_down.Values);
        foreach (var gone in engines.Where(engine => !cluster.IsRunning(engine)))
        {
            await ReturnAsync(gone);
        }
    }

    private async Task KillAsync(string name)
    {
        Deeds.Enqueue($"kill {name}");
        await cluster.SignalAsync(name, "KILL");
        await StartAsync(name);
    }

    private async Task PauseAsync(string name, TimeSpan duration)
    {
        Deeds.Enqueue($"pause {name} for {duration.TotalSeconds:F1} s");
        await cluster.SignalAsync(name, "STOP");
        await Task.Delay(duration, CancellationToken.None);
        await cluster.SignalAsync(name, "CONT");

        // A silo that was declared dead meanwhile ends by itself.
        await Task.Delay(TimeSpan.FromSeconds(3), CancellationToken.None);
        if (!cluster.IsRunning(name))
        {
            await ReturnAsync(name);
        }
    }

    /// <summary>The others could not reach it for too long: because it was paused, or because the machine is busier than they expect.</summary>
    private async Task ReturnAsync(string name)
    {
        Deeds.Enqueue($"{name} was declared dead and is started again");
        await StartAsync(name);
    }

    /// <summary>Starts a silo. One that ends before it is ready is started again, as a supervisor would: the others may not reach it for too long while it joins, on a machine with so much to do.</summary>
    private async Task StartAsync(string name)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                await cluster.StartAgainAsync(name);
                return;
            }
            catch (InvalidOperationException exception) when (tries < 3 && !cluster.IsRunning(name))
            {
                Deeds.Enqueue($"{name} ended while it started ({(exception.Message.Contains("told I am dead", StringComparison.Ordinal) ? "declared dead" : "see its log")}) and is started again");
            }
        }
    }
}

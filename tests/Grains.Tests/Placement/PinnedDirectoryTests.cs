using Orleans.Runtime;
using XLLM.Grains.Interfaces.Generation;
using XLLM.Grains.Interfaces.Replicas;
using XLLM.Grains.Tests.Fakes;
using static XLLM.Grains.Tests.Fakes.GrainCluster;

namespace XLLM.Grains.Tests.Placement;

/// <summary>A grain that its key pins to a silo lives as long as that silo, whichever other silo dies.</summary>
public sealed class PinnedDirectoryTests
{
    [Fact]
    public async Task StreamsOfASilo_GoOn_WhenAnotherSiloDies()
    {
        // In Orleans' own directory one in three of these would have its entry on the silo that dies, and end with it.
        const int Callers = 24;
        await using var cluster = await StartAsync(silos: 3);
        var (here, there, victim) = (cluster.Cluster.Silos[2], cluster.Cluster.Silos[1], cluster.Cluster.Silos[0]);
        var grains = (IGrainFactory)here.ServiceProvider.GetService(typeof(IGrainFactory))!;
        using var leave = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        var callers = Enumerable.Range(0, Callers).Select(i => grains.GetGrain<IReplicaStreamsGrain>(new ReplicaKey($"{i}", there.SiloAddress.ToParsableString()).ToString())).ToArray();
        var heard = callers.Select(caller => ReadAsync(caller, leave.Token)).ToArray();
        await Task.WhenAll(callers.Select((caller, i) => caller.StartAsync(1, Request(i))));
        await Task.WhenAll(heard.Select(one => one.First.Task.WaitAsync(Cancelled)));

        await cluster.Cluster.KillSiloAsync(victim, Cancelled);
        var oracle = (ISiloStatusOracle)there.ServiceProvider.GetService(typeof(ISiloStatusOracle))!;
        while (!oracle.IsDeadSilo(victim.SiloAddress))
        {
            await Task.Delay(20, Cancelled);
        }

        await Task.WhenAll(callers.Select((caller, i) => caller.StartAsync(2, Request(i))));
        await Task.WhenAll(heard.Select(one => one.Second.Task.WaitAsync(Cancelled)));
        Assert.All(heard, one => Assert.False(one.Reading.IsCompleted));

        await leave.CancelAsync();
        await Task.WhenAll(heard.Select(one => one.Reading));
    }

    private static GenerationRequest Request(int number) => new() { RequestId = $"{number}", Model = "tiny", PromptTokens = [1, 2, 3], Sampling = new() { Seed = number } };

    private static Heard ReadAsync(IReplicaStreamsGrain caller, CancellationToken cancellationToken)
    {
        var (first, second) = (new TaskCompletionSource(), new TaskCompletionSource());
        return new Heard(first, second, ReadToEndAsync());

        async Task ReadToEndAsync()
        {
            try
            {
                await foreach (var batch in caller.ListenAsync(cancellationToken).WithCancellation(cancellationToken))
                {
                    for (var i = 0; i < batch.Lanes.Length; i++)
                    {
                        if (batch.Events[i] is GenerationEnded)
                        {
                            (batch.Lanes[i] == 1 ? first : second).SetResult();
                        }
                    }
                }
            }
            catch (OperationCanceledException)
            {
            }
            catch (Exception exception)
            {
                first.TrySetException(exception);
                second.TrySetException(exception);
                throw;
            }
        }
    }

    private sealed record Heard(TaskCompletionSource First, TaskCompletionSource Second, Task Reading);
}

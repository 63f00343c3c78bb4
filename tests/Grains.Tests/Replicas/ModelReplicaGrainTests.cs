using Orleans.Runtime;
using XLLM.Grains.Interfaces;
using XLLM.Grains.Interfaces.Generation;
using XLLM.Grains.Interfaces.Replicas;
using XLLM.Grains.Tests.Fakes;

namespace XLLM.Grains.Tests.Replicas;

public sealed class ModelReplicaGrainTests
{
    [Fact]
    public async Task GenerateAsync_TellsTheEnginesEvents_InOrder()
    {
        await using var cluster = await GrainCluster.StartAsync();

        var events = new List<GenerationEvent>();
        await foreach (var next in cluster.Replica(cluster.Cluster.Silos[0]).GenerateAsync(Request("abc"), GrainCluster.Cancelled))
        {
            events.Add(next);
        }

        Assert.IsType<GenerationEnded>(events[^1]);
        Assert.Equal(Enumerable.Range(0, 40), events.OfType<TokensGenerated>().Where(tokens => tokens.TokenIds.Length > 0).Select(tokens => tokens.Position));
        Assert.Equal(0, cluster.Model().Running);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task GenerateAsync_FreesTheGeneration_WhenTheCallerStopsListening(bool cancel)
    {
        await using var cluster = await GrainCluster.StartAsync();
        cluster.Model().PauseBefore(3);
        using var caller = CancellationTokenSource.CreateLinkedTokenSource(GrainCluster.Cancelled);

        var reading = ReadAsync();
        if (cancel)
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);
        }
        else
        {
            await reading;
        }

        await cluster.Model().WhenLeft("r1");
        Assert.Equal(0, cluster.Model().Running);

        async Task ReadAsync()
        {
            await foreach (var _ in cluster.Replica(cluster.Cluster.Silos[0]).GenerateAsync(Request("abc"), caller.Token).WithCancellation(caller.Token))
            {
                if (!cancel)
                {
                    break;
                }

                await caller.CancelAsync();
            }
        }
    }

    [Fact]
    public async Task Replica_LivesOnTheSiloOfItsKey_AndNowhereElseWhenThatIsGone()
    {
        await using var cluster = await GrainCluster.StartAsync(silos: 2);
        foreach (var silo in cluster.Cluster.Silos)
        {
            var replica = cluster.Replica(silo);
            await replica.GetLoadAsync();
            Assert.True(cluster.Cluster.GetSiloServiceProvider(silo.SiloAddress) is not null);
            await foreach (var _ in replica.GenerateAsync(Request("abc"), GrainCluster.Cancelled))
            {
            }

            Assert.Single(cluster.Host(silo).Model.Requests);
        }

        var gone = new ReplicaKey("tiny", SiloAddress.New(System.Net.IPAddress.Loopback, 1, 7).ToParsableString());
        var exception = await Assert.ThrowsAnyAsync<Exception>(
            async () => await cluster.Cluster.Client.GetGrain<IModelReplicaGrain>(gone.ToString()).GetLoadAsync());
        Assert.IsAssignableFrom<SiloUnavailableException>(exception);

        var malformed = await Assert.ThrowsAnyAsync<SiloUnavailableException>(
            async () => await cluster.Cluster.Client.GetGrain<IModelReplicaGrain>("nonsense").GetLoadAsync());
        Assert.Contains("'nonsense'", malformed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Replica_OfAModelThatItsSiloDoesNotServe_IsUnavailable()
    {
        await using var cluster = await GrainCluster.StartAsync();

        var exception = await Assert.ThrowsAsync<RequestException>(async () => await cluster.Replica(cluster.Cluster.Silos[0], "other").GetLoadAsync());

        Assert.Equal(RequestErrors.Unavailable, exception.Code);
        Assert.Contains("'other'", exception.Message, StringComparison.Ordinal);
    }

    private static GenerationRequest Request(string prompt) => new() { RequestId = "r1", Model = "tiny", PromptTokens = [.. prompt.Select(unit => (int)unit)] };
}

using Microsoft.Extensions.DependencyInjection;
using XLLM.Grains.Interfaces.Chat;
using XLLM.Grains.Interfaces.Client;
using XLLM.Grains.Tests.Fakes;
using static XLLM.Grains.Tests.Fakes.GrainCluster;

namespace XLLM.Grains.Tests.Client;

/// <summary>The shared stream and the plain form tell the same, and whoever leaves frees the generation, in both.</summary>
public sealed class TransportTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ManyGenerations_FromAnotherSilo_EachEqualTheirRunThere(bool multiplex)
    {
        await using var cluster = await StartGatewayAsync(multiplex);
        var (gateway, engine) = Roles(cluster);
        var there = new List<string>();
        for (var i = 0; i < 40; i++)
        {
            there.Add((await ReadAsync(cluster.ClientIn(engine).ChatAsync(Chat($"say {i}", seed: i), Cancelled))).Text);
        }

        var turns = await Task.WhenAll(Enumerable.Range(0, 40).Select(i => ReadAsync(cluster.ClientIn(gateway).ChatAsync(Chat($"say {i}", seed: i), Cancelled))));

        Assert.Equal(there, turns.Select(turn => turn.Text));
        Assert.Equal(0, cluster.Host(engine).Model.Running);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task WhoLeaves_FreesTheGeneration_AndTheOthersGoOn(bool multiplex)
    {
        await using var cluster = await StartGatewayAsync(multiplex);
        var (gateway, engine) = Roles(cluster);
        var pause = cluster.Host(engine).Model.PauseBefore(20);
        var staying = ReadAsync(cluster.ClientIn(gateway).ChatAsync(Chat("stay", seed: 1), Cancelled));

        await foreach (var next in cluster.ClientIn(gateway).ChatAsync(Chat("leave", seed: 2, id: "leaver"), Cancelled))
        {
            if (next is ContentDelta)
            {
                break;
            }
        }

        await cluster.Host(engine).Model.WhenLeft("leaver");
        pause.Release();
        Assert.Equal(40, (await staying).Text.Length);
    }

    private static Task<GrainCluster> StartGatewayAsync(bool multiplex) => StartAsync(
        silos: 2,
        models: silo => silo == 0 ? new FakeModelHost() : new FakeModelHost(new FakeModel()),
        configure: silo => silo.Services.Configure<InferenceClientOptions>(options => options.Multiplex = multiplex));

    private static (Orleans.TestingHost.InProcessSiloHandle Gateway, Orleans.TestingHost.InProcessSiloHandle Engine) Roles(GrainCluster cluster)
    {
        var engine = cluster.Cluster.Silos.Single(silo => cluster.Host(silo).Models.Count > 0);
        return (cluster.Cluster.Silos.Single(silo => silo != engine), engine);
    }
}

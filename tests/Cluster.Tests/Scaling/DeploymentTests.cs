using Microsoft.Extensions.AI;
using Orleans.TestingHost;
using XLLM.Grains.Interfaces;
using XLLM.Grains.Interfaces.Administration;
using XLLM.Grains.Interfaces.Client;
using XLLM.Grains.Interfaces.Generation;
using XLLM.Grains.Tests.Fakes;
using static XLLM.Cluster.Tests.Scaling.LoadableCluster;
using static XLLM.Grains.Tests.Fakes.GrainCluster;

namespace XLLM.Cluster.Tests.Scaling;

/// <summary>Replicas follow what is wanted, in real silos; only the models are faked.</summary>
public sealed class DeploymentTests
{
    private static readonly KnownModel Tiny = new("tiny", 10);

    [Fact]
    public async Task AModel_IsLoadedOnAsManySilosAsAreWanted_AndAnswers_AndIsUnloadedAgain()
    {
        await using var cluster = await LoadableCluster.StartAsync(3, known: Tiny);

        await cluster.Administration.SetDeploymentAsync(new(new ModelPlace("tiny"), 2));
        var events = await cluster.WatchAsync("tiny");

        Assert.Equal(2, cluster.Silos.Count(silo => cluster.Host(silo).Models.Count == 1));
        Assert.Equal(2, events.Where(next => next.Stage == ModelLoadStage.Ready).Select(next => next.Silo).Distinct().Count());
        Assert.Equal(40, (await ReadAsync(cluster.Grains.Client.ChatAsync(Chat("hi"), Cancel))).Text.Length);

        await cluster.Administration.SetDeploymentAsync(new(new ModelPlace("tiny"), 0));
        Assert.Equal(2, (await cluster.WatchAsync("tiny")).Count(next => next.Stage == ModelLoadStage.Unloaded));
        Assert.All(cluster.Silos, silo => Assert.Empty(cluster.Host(silo).Models));
    }

    [Fact]
    public async Task AReplicaWhoseSiloDies_IsLoadedElsewhere()
    {
        await using var cluster = await LoadableCluster.StartAsync(3, known: Tiny);
        await cluster.Administration.SetDeploymentAsync(new(new ModelPlace("tiny"), 1));
        await cluster.WatchAsync("tiny");
        var had = cluster.Silos.Single(silo => cluster.Host(silo).Models.Count == 1);
        var others = cluster.Silos.Where(silo => silo != had).ToArray();

        await cluster.Grains.Cluster.KillSiloAsync(had, Cancel);

        await UntilAsync(() => Task.FromResult(others.Count(silo => cluster.Host(silo).Models.Count == 1) == 1), "one of the others has it");
        Assert.Equal(EndReason.Stop, (await ReadAsync(cluster.Grains.ClientIn(others[0]).ChatAsync(Chat("hi"), Cancel))).Ended.Reason);
    }

    [Fact]
    public async Task WhatIsWanted_IsKept_WhenItsGrainMoves()
    {
        await using var cluster = await LoadableCluster.StartAsync(2, known: Tiny);
        await cluster.Administration.SetDeploymentAsync(new(new ModelPlace("tiny", "/models/tiny"), 1));
        await cluster.WatchAsync("tiny");

        await cluster.Grains.Cluster.DeactivateAsync(cluster.Grains.Cluster.Client.GetGrain<IDeploymentGrain>(0));

        var model = Assert.Single(await cluster.Administration.ListModelsAsync());
        Assert.Equal(("tiny", "/models/tiny", 1), (model.Model, model.Path, model.WantedReplicas));
    }

    [Fact]
    public async Task AModelThatNobodyUses_Sleeps_AndARequestWakesIt()
    {
        await using var cluster = await LoadableCluster.StartAsync(2, lifecycle => lifecycle.IdleUnload = TimeSpan.FromMinutes(1), Tiny);
        await cluster.Administration.SetDeploymentAsync(new(new ModelPlace("tiny"), 2));
        await cluster.WatchAsync("tiny");

        Array.ForEach([.. cluster.Silos], silo => cluster.Host(silo).Idle = TimeSpan.FromHours(1));
        await UntilAsync(() => Task.FromResult(cluster.Silos.All(silo => cluster.Host(silo).Models.Count == 0)), "both are unloaded");
        Assert.True(Assert.Single(await cluster.Administration.ListModelsAsync()).Asleep);

        Array.ForEach([.. cluster.Silos], silo => cluster.Host(silo).Idle = TimeSpan.Zero);
        Assert.Equal(40, (await ReadAsync(cluster.Grains.Client.ChatAsync(Chat("hi"), Cancel))).Text.Length);
        await UntilAsync(() => Task.FromResult(cluster.Silos.All(silo => cluster.Host(silo).Models.Count == 1)), "both serve again");
    }

    [Fact]
    public async Task AKnownModel_IsLoadedByItsFirstRequest_OnlyWhereThatIsAllowed()
    {
        await using (var cluster = await LoadableCluster.StartAsync(1, lifecycle => lifecycle.LoadOnFirstUse = true, Tiny))
        {
            Assert.Equal(40, (await ReadAsync(cluster.Grains.Client.ChatAsync(Chat("hi"), Cancel))).Text.Length);
        }

        await using (var cluster = await LoadableCluster.StartAsync(1, known: Tiny))
        {
            var refusal = await Assert.ThrowsAsync<RequestException>(() => ReadAsync(cluster.Grains.Client.ChatAsync(Chat("hi"), Cancel)));
            Assert.Equal(RequestErrors.ModelNotFound, refusal.Code);
        }
    }

    [Fact]
    public async Task AModelThatDoesNotFit_TakesThePlaceOfTheOneLongestUnused()
    {
        await using var cluster = await LoadableCluster.StartAsync(1, lifecycle => lifecycle.LoadOnFirstUse = true, new("a", 60), new("b", 60));
        var host = cluster.Host(cluster.Silos[0]);
        host.MemoryBudgetBytes = 100;

        foreach (var model in (string[])["a", "b", "a"])
        {
            Assert.Equal(40, (await ReadAsync(cluster.Grains.Client.ChatAsync(Chat("hi", model: model), Cancel))).Text.Length);
            Assert.Equal([model], host.Models.Select(one => one.Descriptor.Name));
        }

        Assert.Equal(["a", "b", "a"], host.Loads);
    }

    /// <summary>The worst moment: its tokens are known, its replica is chosen, and the model is gone.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task ARequestWhoseModelIsEvictedUnderIt_WaitsUntilItIsLoadedAgain(short silos)
    {
        await using var cluster = await LoadableCluster.StartAsync(silos, lifecycle => lifecycle.LoadOnFirstUse = true, Tiny);
        var expected = (await ReadAsync(cluster.Grains.Client.ChatAsync(Chat("hi", seed: 5), Cancel))).Text;
        var had = cluster.Silos.Single(silo => cluster.Host(silo).Models.Count == 1);
        cluster.Host(had).Model("tiny").Rendered = () => cluster.Host(had).Evict("tiny");

        var answer = await ReadAsync(cluster.Grains.ClientIn(cluster.Silos[^1]).ChatAsync(Chat("hi", seed: 5), Cancel));

        Assert.Equal(expected, answer.Text);
        Assert.Equal(2, cluster.Silos.Sum(silo => cluster.Host(silo).Loads.Count));
    }

    [Fact]
    public async Task ModelsThatARequestWouldLoad_AreListed_UntilTheyServe()
    {
        await using var cluster = await LoadableCluster.StartAsync(1, lifecycle => (lifecycle.LoadOnFirstUse, lifecycle.IdleUnload) = (true, TimeSpan.FromMinutes(1)), Tiny, new("other", 10));
        var (client, host) = (cluster.Grains.Client, cluster.Host(cluster.Silos[0]));
        await cluster.Administration.SetDeploymentAsync(new(new ModelPlace("other"), 0));           // an administrator wants none: no request may
        Assert.Equal(["tiny"], await client.ListLoadableModelsAsync());
        Assert.Empty(await client.ListModelsAsync());

        await ReadAsync(client.ChatAsync(Chat("hi"), Cancel));
        await UntilAsync(async () => (await client.ListLoadableModelsAsync()).Length == 0 && (await client.ListModelsAsync()).Length == 1, "it is listed as served alone");

        host.Idle = TimeSpan.FromHours(1);
        await UntilAsync(async () => (await client.ListLoadableModelsAsync()).Length == 1 && (await client.ListModelsAsync()).Length == 0, "it sleeps, and is listed as loadable alone");

        host.Idle = TimeSpan.Zero;
        Assert.Equal(40, (await new XllmChatClient(client).GetResponseAsync("hi", cancellationToken: Cancel)).Text.Length);       // no model named, and none awake
    }

    [Fact]
    public async Task AFaultOfLoading_IsTold_ToTheAdministrator_AndToTheRequest()
    {
        await using var cluster = await LoadableCluster.StartAsync(1, lifecycle => lifecycle.LoadOnFirstUse = true, Tiny);
        cluster.Host(cluster.Silos[0]).Fault = "the file is damaged";

        var refusal = await Assert.ThrowsAsync<RequestException>(() => ReadAsync(cluster.Grains.Client.ChatAsync(Chat("hi"), Cancel)));
        Assert.Equal(RequestErrors.Unavailable, refusal.Code);
        Assert.Contains("the file is damaged", refusal.Message, StringComparison.Ordinal);

        await cluster.Administration.SetDeploymentAsync(new(new ModelPlace("tiny"), 1));
        Assert.Contains(await cluster.WatchAsync("tiny"), next => next is { Stage: ModelLoadStage.Failed, Message: "the file is damaged" });
        Assert.Equal("the file is damaged", Assert.Single(await cluster.Administration.ListModelsAsync()).LastFailure);
    }

    [Theory]
    [InlineData("unknown", null, 1, RequestErrors.ModelNotFound)]
    [InlineData("tiny", null, -1, RequestErrors.InvalidValue)]
    [InlineData("tiny", null, 1001, RequestErrors.InvalidValue)]
    public async Task WhatCannotBeWanted_IsRefused(string model, string? path, int replicas, string code)
    {
        await using var cluster = await LoadableCluster.StartAsync(1, known: Tiny);

        var refusal = await Assert.ThrowsAsync<RequestException>(() => cluster.Administration.SetDeploymentAsync(new(new ModelPlace(model, path), replicas)));
        Assert.Equal(code, refusal.Code);
    }
}

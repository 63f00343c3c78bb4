using Microsoft.Extensions.DependencyInjection;
using Orleans.Hosting;
using Orleans.Runtime;
using Orleans.Storage;
using XLLM.Grains.Interfaces;
using XLLM.Grains.Interfaces.Chat;
using XLLM.Grains.Interfaces.Client;
using XLLM.Grains.Interfaces.Generation;
using XLLM.Grains.Interfaces.Responses;
using XLLM.Grains.Ports;
using XLLM.Grains.Responses;
using XLLM.Grains.Tests.Fakes;
using static XLLM.Grains.Tests.Fakes.GrainCluster;

namespace XLLM.Grains.Tests.Responses;

/// <summary>Stored responses leave nothing behind. Only the clock is the test's, and the reminders' ticks are told by hand.</summary>
public sealed class ResponseSweepTests
{
    private static readonly TimeSpan Kept = TimeSpan.FromDays(30);
    private readonly ShiftedClock _clock = new();

    [Fact]
    public async Task AResponse_IsDeletedWithItsPageAndReminder_WhenItsTimeIsOver_AndNotBefore()
    {
        await using var cluster = await StartAsync();
        var (responses, rows) = (Responses(cluster), new StoredRows(cluster));
        var page = await AnswerAsync(responses, "r1");
        Assert.Equal("r1", await rows.PageAsync(page));
        Assert.InRange(await rows.ReminderAsync(page) ?? default, page.Due.UtcDateTime.AddMinutes(-1), page.Due.UtcDateTime.AddMinutes(1));

        _clock.Advance(Kept - TimeSpan.FromMinutes(1));
        await rows.TickAsync(page);
        Assert.NotNull(await responses.GetAsync("r1"));

        _clock.Advance(TimeSpan.FromMinutes(2));
        Assert.Null(await responses.GetAsync("r1"));                        // gone for those who ask, at once

        _clock.Advance(TimeSpan.FromHours(2));
        await rows.TickAsync(page);
        Assert.False(await rows.HasResponseAsync("r1"));
        Assert.Null(await rows.PageAsync(page));
        Assert.Null(await rows.ReminderAsync(page));
        Assert.Single(cluster.Model().Requests);
    }

    [Fact]
    public async Task ATurnThatTookLong_IsKeptFromItsEnd_AndDeletedByALaterTick()
    {
        await using var cluster = await StartAsync();
        var (responses, rows) = (Responses(cluster), new StoredRows(cluster));
        var pause = cluster.Model().PauseBefore(3);
        var begun = await responses.StartAsync("r1", Start("hello", TimeSpan.FromHours(1)));
        var page = SweepPage.Of("r1", begun.Created + TimeSpan.FromHours(1));
        await pause.Reached;

        _clock.Advance(TimeSpan.FromHours(3));
        await rows.TickAsync(page);                                         // it runs: not over, however long it takes
        pause.Release();
        await ReadAllAsync(responses, "r1");
        await rows.TickAsync(page);

        Assert.True(await rows.HasResponseAsync("r1"));
        Assert.Equal("r1", await rows.PageAsync(page));
        _clock.Advance(TimeSpan.FromHours(2));
        await rows.TickAsync(page);
        Assert.False(await rows.HasResponseAsync("r1"));
        Assert.Null(await rows.ReminderAsync(page));
    }

    /// <summary>A turn that its caller could not be answered stays stored as running, for the caller's retry. Where none comes, nobody runs it for nobody.</summary>
    [Fact]
    public async Task ATurnThatNeverEnded_IsDeleted_AndNotRunAgain()
    {
        await using var cluster = await StartAsync();
        var (responses, rows) = (Responses(cluster), new StoredRows(cluster));
        cluster.Model().Refusal = new GenerationEnded { Reason = EndReason.Overloaded, Usage = new Usage(1, 0, 0), Message = "full" };
        var begun = await responses.StartAsync("r1", Start("hello"));
        await Assert.ThrowsAsync<RequestException>(() => ReadAllAsync(responses, "r1"));
        Assert.True(await rows.HasResponseAsync("r1"));
        await cluster.Cluster.DeactivateAsync(cluster.Cluster.Client.GetGrain<IResponseGrain>("r1"));
        cluster.Model().Refusal = null;
        var asked = cluster.Model().Requests.Count;

        _clock.Advance(Kept + TimeSpan.FromHours(2));
        await rows.TickAsync(SweepPage.Of("r1", begun.Created + Kept));

        Assert.False(await rows.HasResponseAsync("r1"));
        Assert.Equal(asked, cluster.Model().Requests.Count);
    }

    [Fact]
    public async Task AResponseThatItsOwnerDeleted_LeavesItsPageAtItsTime()
    {
        await using var cluster = await StartAsync();
        var (responses, rows) = (Responses(cluster), new StoredRows(cluster));
        var page = await AnswerAsync(responses, "r1");
        await responses.DeleteAsync("r1");

        _clock.Advance(Kept + TimeSpan.FromHours(2));
        await rows.TickAsync(page);

        Assert.Null(await rows.PageAsync(page));
        Assert.Null(await rows.ReminderAsync(page));
    }

    [Fact]
    public async Task WhatCannotBeDeleted_StaysOnItsPage_AndTheNextHourDeletesIt()
    {
        await using var cluster = await StartAsync();
        var (responses, rows) = (Responses(cluster), new StoredRows(cluster));
        var page = await AnswerAsync(responses, "r1");
        var storage = (StuckStorage)cluster.Cluster.Silos[0].ServiceProvider.GetRequiredKeyedService<IGrainStorage>(StorageNames.Default);
        _clock.Advance(Kept + TimeSpan.FromHours(2));

        storage.IsStuck = true;
        await rows.TickAsync(page);
        Assert.Equal("r1", await rows.PageAsync(page));
        Assert.NotNull(await rows.ReminderAsync(page));

        storage.IsStuck = false;
        await rows.TickAsync(page);
        Assert.False(await rows.HasResponseAsync("r1"));
        Assert.Null(await rows.PageAsync(page));
    }

    [Fact]
    public async Task AnIdThatWasSwept_IsFreeAgain()
    {
        await using var cluster = await StartAsync();
        var (responses, rows) = (Responses(cluster), new StoredRows(cluster));
        var page = await AnswerAsync(responses, "r1");
        _clock.Advance(Kept + TimeSpan.FromHours(2));
        await rows.TickAsync(page);

        var again = await responses.StartAsync("r1", Start("other"));
        await ReadAllAsync(responses, "r1");

        Assert.Equal("r1", await rows.PageAsync(SweepPage.Of("r1", again.Created + Kept)));
        Assert.Equal("other", (await responses.GetAsync("r1"))!.Start.Fingerprint);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3651)]
    public async Task ATimeThatNoResponseMayBeKeptFor_IsRefused(int days)
    {
        await using var cluster = await StartAsync();

        var refused = await Assert.ThrowsAsync<RequestException>(() => Responses(cluster).StartAsync("r1", Start("hello", TimeSpan.FromDays(days))));

        Assert.Equal(RequestErrors.InvalidValue, refused.Code);
    }

    private Task<GrainCluster> StartAsync() => GrainCluster.StartAsync(configure: silo =>
    {
        silo.UseInMemoryReminderService();
        _clock.AddTo(silo);
        var inner = silo.Services.Last(service => Equals(service.ServiceKey, StorageNames.Default) && service.ServiceType == typeof(IGrainStorage));
        silo.Services.AddKeyedSingleton<IGrainStorage>(StorageNames.Default, (services, key) => new StuckStorage((IGrainStorage)inner.KeyedImplementationFactory!(services, key)));
    });

    private static async Task<SweepPage> AnswerAsync(IResponseClient responses, string id)
    {
        var begun = await responses.StartAsync(id, Start("hello"));
        await ReadAllAsync(responses, id);
        return SweepPage.Of(id, begun.Created + Kept);
    }

    private static IResponseClient Responses(GrainCluster cluster) => cluster.ClientServices.GetRequiredService<IResponseClient>();

    private static ResponseStart Start(string text, TimeSpan? keepFor = null) => new() { Request = Chat(text, id: "r1"), Fingerprint = text, KeepFor = keepFor ?? Kept };

    private static async Task<List<ChatEvent>> ReadAllAsync(IResponseClient responses, string id)
    {
        var events = new List<ChatEvent>();
        await foreach (var next in responses.ReadAsync(id, 0, Cancelled))
        {
            events.Add(next);
        }

        return events;
    }

    /// <summary>Deletes nothing while it is stuck.</summary>
    private sealed class StuckStorage(IGrainStorage inner) : IGrainStorage
    {
        public bool IsStuck { get; set; }

        public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) => inner.ReadStateAsync(stateName, grainId, grainState);

        public Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) => inner.WriteStateAsync(stateName, grainId, grainState);

        public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
            IsStuck ? throw new InvalidOperationException("the storage is stuck") : inner.ClearStateAsync(stateName, grainId, grainState);
    }
}

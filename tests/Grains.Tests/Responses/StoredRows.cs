using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime;
using Orleans.Storage;
using Orleans.TestingHost;
using XLLM.Grains.Interfaces.Responses;
using XLLM.Grains.Ports;
using XLLM.Grains.Responses;
using XLLM.Grains.Tests.Fakes;

namespace XLLM.Grains.Tests.Responses;

/// <summary>What a cluster's storage and reminder table have of stored responses.</summary>
internal sealed class StoredRows(GrainCluster cluster)
{
    private InProcessSiloHandle Silo => cluster.Cluster.Silos[0];

    private IGrainStorage Storage => Silo.ServiceProvider.GetRequiredKeyedService<IGrainStorage>(StorageNames.Default);

    /// <summary>Whether a response has a row.</summary>
    public async Task<bool> HasResponseAsync(string id)
    {
        var row = new GrainState<ResponseState>();
        await Storage.ReadStateAsync("response", cluster.Cluster.Client.GetGrain<IResponseGrain>(id).GetGrainId(), row);
        return row.RecordExists;
    }

    /// <summary>The responses of a page, with commas; null if it has no row.</summary>
    public async Task<string?> PageAsync(SweepPage page)
    {
        var row = new GrainState<ResponseSweepState>();
        await Storage.ReadStateAsync("sweep", Grain(page).GetGrainId(), row);
        return row.RecordExists ? string.Join(',', row.State!.Responses) : null;
    }

    /// <summary>When a page's reminder ticks first; null if it has none.</summary>
    public async Task<DateTime?> ReminderAsync(SweepPage page) =>
        (await Silo.ServiceProvider.GetRequiredService<IReminderTable>().ReadRow(Grain(page).GetGrainId(), ResponseSweepGrain.Reminder, GrainCluster.Cancelled))?.StartAt;

    /// <summary>What the reminder service does at its time.</summary>
    public Task TickAsync(SweepPage page) => Grain(page).AsReference<IRemindable>().ReceiveReminder(ResponseSweepGrain.Reminder, default);

    private IResponseSweepGrain Grain(SweepPage page) => cluster.Cluster.Client.GetGrain<IResponseSweepGrain>(page.ToString());
}

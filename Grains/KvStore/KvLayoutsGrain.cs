using XLLM.Grains.Ports;

namespace XLLM.Grains.KvStore;

/// <summary>Keeps the table of <see cref="KnownLayouts"/>.</summary>
/// <remarks>One call at a time. A layout leaves the table after its blocks are deleted: when the silo dies in between, the next call deletes them again.</remarks>
[GrainType("xllm.kv-layouts")]
internal sealed class KvLayoutsGrain([PersistentState("layouts", StorageNames.Default)] IPersistentState<KvLayoutsState> state, TimeProvider clock) : Grain, IKvLayoutsGrain
{
    /// <inheritdoc/>
    public async Task OpenAsync(string layout)
    {
        var today = (int)(clock.GetUtcNow().ToUnixTimeSeconds() / (24 * 60 * 60));
        if (state.State.LastOpened.GetValueOrDefault(layout) == today)
        {
            return;
        }

        foreach (var old in KnownLayouts.Open(state.State.LastOpened, layout, today))
        {
            await GrainFactory.GetGrain<IKvDirectoryGrain>(old).ClearAsync();
            state.State.LastOpened.Remove(old);
        }

        await state.WriteStateAsync();
    }
}

/// <summary>What is stored.</summary>
[GenerateSerializer, Alias("xllm.kv-layouts-state")]
internal sealed class KvLayoutsState
{
    /// <summary>By layout: the day when it was last opened, counted from 1970.</summary>
    [Id(0)]
    public Dictionary<string, int> LastOpened { get; set; } = [];
}

using Orleans.Placement;
using XLLM.Grains.Ports;

namespace XLLM.Grains.KvStore;

/// <summary>Keeps a piece of a run of KV blocks. Only names it: what the bytes mean is the silo's business.</summary>
/// <remarks>
/// Activates where it is asked, so bytes come from storage to the silo that needs them and not through another one. Leaves memory right after each call:
/// what is worth keeping there is kept by the host tier. One call at a time; nothing but the stored state survives.
/// </remarks>
[GrainType("xllm.kv-prefix"), PreferLocalPlacement]
internal sealed class KvPrefixGrain([PersistentState("piece", StorageNames.Default)] IPersistentState<KvPieceState> state) : Grain, IKvPrefixGrain
{
    /// <inheritdoc/>
    public async Task WriteAsync(KvPiece piece)
    {
        DeactivateOnIdle();
        state.State.Bytes = piece.Bytes;
        await state.WriteStateAsync();
    }

    /// <inheritdoc/>
    public Task<KvPiece?> ReadAsync()
    {
        DeactivateOnIdle();
        return Task.FromResult(state is { RecordExists: true, State.Bytes: { } bytes } ? new KvPiece(bytes) : null);
    }

    /// <inheritdoc/>
    public async Task DeleteAsync()
    {
        DeactivateOnIdle();
        if (state.RecordExists)
        {
            await state.ClearStateAsync();
        }
    }
}

/// <summary>What is stored.</summary>
[GenerateSerializer, Alias("xllm.kv-piece-state")]
internal sealed class KvPieceState
{
    /// <summary>The bytes; null before the first write.</summary>
    [Id(0)]
    public byte[]? Bytes { get; set; }
}

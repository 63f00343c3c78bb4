using Orleans.Placement;
using Orleans.Runtime;
using XLLM.Grains.Interfaces.Administration;
using XLLM.Grains.Placement;
using XLLM.Grains.Ports;

namespace XLLM.Grains.Administration;

/// <summary>Keeps the newest acts of administrators.</summary>
/// <remarks>Survives everything: an act is told to its doer after it is stored here. Of two activations, which a split cluster can have, the second to write loses and reads again.</remarks>
[GrainType("xllm.audit"), EngineSilos]
internal sealed class AuditGrain([PersistentState("audit", StorageNames.Default)] IPersistentState<AuditState> state) : Grain, IAuditGrain
{
    /// <summary>Entries that are kept. About 200 bytes each: one write stays small, and a thousand acts reach back weeks. The log has them all.</summary>
    internal const int Most = 1000;

    /// <inheritdoc/>
    public async Task AddAsync(AuditEntry entry)
    {
        var before = state.State;
        try
        {
            state.State = new AuditState { Entries = [.. before.Entries.TakeLast(Most - 1), entry] };
            await state.WriteStateAsync();
        }
        catch
        {
            state.State = before;
            DeactivateOnIdle();                     // what is stored is not known until it is read again
            throw;
        }
    }

    /// <inheritdoc/>
    public Task<AuditEntry[]> ListAsync(int most) => Task.FromResult<AuditEntry[]>([.. state.State.Entries.Reverse().Take(most)]);
}

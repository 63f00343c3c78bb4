using Orleans.Concurrency;

namespace XLLM.Grains.Administration;

/// <summary>A grain with state that goes to another silo when its own one is about to stop. It registers with <see cref="MovableGrains"/> while it is active.</summary>
[Alias("xllm.movable"), GrainInterfaceType("xllm.movable")]
internal interface IMovableGrain : IGrain
{
    /// <summary>Moves away if nothing runs that the move would cut off. Asked again and again while the silo drains.</summary>
    /// <returns>Whether it moves now.</returns>
    [Alias("move"), AlwaysInterleave]
    Task<bool> MoveAsync();
}

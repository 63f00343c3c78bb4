using XLLM.Silo.Sequences;

namespace XLLM.Silo.Scheduling;

/// <summary>By priority, the lower number first; then by arrival (<see cref="FirstComeFirstServed"/>).</summary>
internal sealed class PriorityOrder : IAdmissionOrder
{
    /// <inheritdoc/>
    public string Name => "priority";

    /// <inheritdoc/>
    public int Compare(Sequence? x, Sequence? y)
    {
        var byPriority = x!.Priority.CompareTo(y!.Priority);
        return byPriority != 0 ? byPriority : FirstComeFirstServed.ByArrival(x, y);
    }
}

using XLLM.Silo.Sequences;

namespace XLLM.Silo.Scheduling;

/// <summary>By arrival.</summary>
internal sealed class FirstComeFirstServed : IAdmissionOrder
{
    /// <inheritdoc/>
    public string Name => "fcfs";

    /// <inheritdoc/>
    public int Compare(Sequence? x, Sequence? y) => x!.Id.Value.CompareTo(y!.Id.Value);
}

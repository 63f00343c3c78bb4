using XLLM.Silo.Sequences;

namespace XLLM.Silo.Scheduling;

/// <summary>By arrival. What goes on after a loss elsewhere arrived there, before anything that is new here.</summary>
internal sealed class FirstComeFirstServed : IAdmissionOrder
{
    /// <inheritdoc/>
    public string Name => "fcfs";

    /// <inheritdoc/>
    public int Compare(Sequence? x, Sequence? y) => ByArrival(x!, y!);

    /// <summary>Resumed ones first, then the lower number.</summary>
    public static int ByArrival(Sequence x, Sequence y) => x.IsResumed == y.IsResumed ? x.Id.Value.CompareTo(y.Id.Value) : x.IsResumed ? -1 : 1;
}

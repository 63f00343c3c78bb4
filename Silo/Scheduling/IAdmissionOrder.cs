using XLLM.Silo.Sequences;

namespace XLLM.Silo.Scheduling;

/// <summary>Which of two sequences goes first: into the running ones, and last to be preempted. A total order that never changes for two sequences.</summary>
internal interface IAdmissionOrder : IComparer<Sequence>
{
    /// <summary>Name as users write it in the options.</summary>
    string Name { get; }
}

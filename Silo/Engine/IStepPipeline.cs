using System.Diagnostics.CodeAnalysis;
using XLLM.Silo.Execution;

namespace XLLM.Silo.Engine;

/// <summary>Steps on their way: submitted, executing, finished. First in, first out. Used by the loop alone.</summary>
internal interface IStepPipeline : IDisposable
{
    /// <summary>Steps that may be under way at a time.</summary>
    int Depth { get; }

    /// <summary>Steps under way, finished ones included until they are taken.</summary>
    int Count { get; }

    /// <summary>Executes a step after those before it. <see cref="Count"/> is below <see cref="Depth"/>.</summary>
    void Submit(StepPlan plan);

    /// <summary>Takes the first step, if it has finished.</summary>
    bool TryTakeFinished([NotNullWhen(true)] out StepPlan? plan);
}

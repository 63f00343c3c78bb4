using System.Diagnostics.CodeAnalysis;
using XLLM.Silo.Execution;

namespace XLLM.Silo.Engine;

/// <summary>The plain form: a step executes on the loop's own thread when it is submitted.</summary>
internal sealed class InlineStepPipeline(IStepExecutor executor) : IStepPipeline
{
    private StepPlan? _finished;

    /// <inheritdoc/>
    public int Depth => 1;

    /// <inheritdoc/>
    public int Count => _finished is null ? 0 : 1;

    /// <inheritdoc/>
    public void Submit(StepPlan plan)
    {
        executor.Execute(plan);
        _finished = plan;
    }

    /// <inheritdoc/>
    public bool TryTakeFinished([NotNullWhen(true)] out StepPlan? plan)
    {
        (plan, _finished) = (_finished, null);
        return plan is not null;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
    }
}

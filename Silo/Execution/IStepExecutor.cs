namespace XLLM.Silo.Execution;

/// <summary>Computes steps, one after the other, in the order in which they were planned. Called by one thread at a time.</summary>
internal interface IStepExecutor
{
    /// <summary>Computes a step and writes what was drawn, or why it failed, into the plan. Does not throw for a step that fails.</summary>
    void Execute(StepPlan plan);
}

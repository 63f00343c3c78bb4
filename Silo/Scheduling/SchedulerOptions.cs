namespace XLLM.Silo.Scheduling;

/// <summary>Bounds of a step.</summary>
/// <param name="MaxTokensPerStep">Most rows of a step, over all sequences; at least <paramref name="MaxRunningSequences"/>, so that each of them can have one.</param>
/// <param name="MaxRunningSequences">Most sequences that hold KV blocks at a time; at least 1.</param>
internal sealed record SchedulerOptions(int MaxTokensPerStep, int MaxRunningSequences);

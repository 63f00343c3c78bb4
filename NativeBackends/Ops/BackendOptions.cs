namespace XLLM.NativeBackends.Ops;

/// <summary>What a backend needs to know when it is opened.</summary>
public sealed record BackendOptions
{
    /// <summary>Threads that compute, the calling one included. At least 1; default: processors - 1, at least 1.</summary>
    /// <remarks>One processor is left to the silo: a silo whose processors are all busy is declared dead by its peers (decision D10, measured).</remarks>
    public int Threads { get; init; } = Math.Max(1, Environment.ProcessorCount - 1);

    /// <summary>Vector instructions of the CPU backend; default: the best present. Others than the default are for tests and comparisons.</summary>
    public InstructionSet InstructionSet { get; init; }
}

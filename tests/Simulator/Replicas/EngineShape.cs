using XLLM.Grains.Interfaces.Replicas;

namespace XLLM.Simulator.Replicas;

/// <summary>A simulated engine: how long its steps take, and its bounds.</summary>
/// <param name="Name">For the report.</param>
/// <param name="StepTimes">How long steps take.</param>
/// <param name="KvTokens">Tokens whose keys and values it keeps.</param>
/// <param name="MaxTokensPerStep">Most rows of a step.</param>
/// <param name="MaxRunningSequences">Most sequences that hold KV blocks.</param>
internal sealed record EngineShape(string Name, StepTimeModel StepTimes, long KvTokens, int MaxTokensPerStep, int MaxRunningSequences)
{
    /// <summary>Llama-3-70B on 8 A800, by arithmetic, not by measurement: half of 2.5 PFLOP/s, 70 % of 16 TB/s, 3 ms of collectives per step.</summary>
    /// <remarks>
    /// A row is 141 GFLOP, a pair of attention 2.6 MFLOP (4 * 80 layers * 8,192); the weights are 141 GB, a token's keys and values 320 KiB.
    /// 3 million tokens of cache per node is what Mooncake's evaluation gives one (device and host memory together).
    /// </remarks>
    public static readonly EngineShape Llama70 = new("llama3-70b-8xa800", new StepTimeModel(0.0154, 1.13e-4, 1e-5, 2.9e-8, 2.1e-9), 3_000_000, 2048, 256);

    /// <summary>Qwen3-0.6B on two Zen 4 cores: 43 ms for a token at depth 512, 9.2 ms for a row of prefill (both measured, README.md); the other three by arithmetic.</summary>
    public static readonly EngineShape Cpu06 = new("qwen3-0.6b-2-cores", new StepTimeModel(0.030, 0.009, 0.002, 4e-6, 1e-6), 200_000, 512, 64);

    /// <summary>All of them, the default first.</summary>
    public static readonly EngineShape[] All = [Llama70, Cpu06];
}

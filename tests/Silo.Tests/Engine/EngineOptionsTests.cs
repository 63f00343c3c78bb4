using XLLM.Silo.Engine;

namespace XLLM.Silo.Tests.Engine;

public sealed class EngineOptionsTests
{
    [Fact]
    public void TheDefaults_AreValid() => Assert.True(new EngineOptionsValidator().Validate(null, new EngineOptions()).Succeeded);

    [Fact]
    public void Validate_ListsAllFaults_WithBothNumbers()
    {
        var options = new EngineOptions
        {
            MaxTokensPerStep = 8,
            MaxRunningSequences = 9,
            MaxQueuedSequences = -1,
            AdmissionOrder = "random",
            BlockTokens = 24,
            KvMemoryBytes = 0,
            KvMemoryFraction = double.NaN,
            MaxContext = 0,
            HangTimeout = TimeSpan.Zero,
            DrainTimeout = TimeSpan.FromSeconds(-1),
        };

        var failures = new EngineOptionsValidator().Validate(null, options).Failures!.ToArray();

        Assert.Equal(9, failures.Length);
        Assert.Contains("engine: MaxTokensPerStep must be at least MaxRunningSequences (9), so that each can have a token; it is 8", failures);
        Assert.Contains("engine: AdmissionOrder must be one of priority, fcfs; it is 'random'", failures);
        Assert.Contains("engine: BlockTokens must be a power of two; it is 24", failures);
        Assert.Contains("engine: MaxQueuedSequences must be 0 to 1000000; it is -1", failures);
    }
}

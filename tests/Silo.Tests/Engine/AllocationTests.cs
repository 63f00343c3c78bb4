using XLLM.Grains.Interfaces.Generation;
using XLLM.Silo.Engine;
using XLLM.Silo.Tests.Models;

namespace XLLM.Silo.Tests.Engine;

/// <summary>A warm step allocates nothing: planning, filling the batch, the forward pass, drawing, stop conditions, text, metrics and gauges, and noting the output for the reader. What the reader fetches is made on the reader's thread and not counted.</summary>
public sealed class AllocationTests
{
    private const int MeasuredSteps = 200;

    /// <summary>Bytes of the managed heap that all measured steps together may take.</summary>
    private const long BudgetBytes = 0;

    public static TheoryData<string, int> Cases => Backends.With(1, 2);

    [Theory]
    [MemberData(nameof(Cases))]
    public void AWarmStep_AllocatesNothing(string backendName, int depth)
    {
        using var backend = Backends.Open(backendName);
        var model = EngineSetup.LoadTiny(backend);
        using var setup = new EngineSetup(model, backend, PieceTokenizer.ForTinyModel(), new EngineOptions { BlockTokens = 4 }, blocks: 4096, maxContext: 4000);
        var engine = new SteppedEngine(setup, depth);
        SamplingParameters[] kinds =
        [
            new() { Temperature = 0 },
            new() { Temperature = 0.8f, TopP = 0.9f, TopK = 20, MinP = 0.01f },
            new() { Temperature = 1, TopP = 0.95f },
            new() { RepetitionPenalty = 1.1f, PresencePenalty = 0.2f, FrequencyPenalty = 0.1f, LogitBias = new Dictionary<int, float> { [4] = 1 } },
        ];
        for (var i = 0; i < 16; i++)
        {
            engine.Intake.Start(new GenerationRequest
            {
                RequestId = $"r{i}",
                Model = "tiny",
                PromptTokens = [1, 2, 3, i],
                TopLogprobs = i % 5 == 0 ? 3 : null,
                Sampling = kinds[i % kinds.Length],
                Stop = new StopParameters { MaxTokens = 900, IgnoreEndToken = true, Strings = i % 3 == 0 ? ["no such text, ever"] : [] },
            });
        }

        // Warm: code compiled, tables grown past what the measured steps need (they double), output buffers at their final size.
        for (var step = 0; step < 560; step++)
        {
            Assert.True(engine.Step());
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var step = 0; step < MeasuredSteps; step++)
        {
            engine.Step();
        }

        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.Equal(16, engine.Scheduler.Running.Count);
        Assert.True(allocated <= BudgetBytes, $"{MeasuredSteps} warm steps allocated {allocated} bytes, the budget is {BudgetBytes}");
    }
}

using XLLM.Grains.Interfaces.Generation;
using XLLM.NativeBackends.Ops;
using XLLM.Silo.Engine;
using XLLM.Silo.Execution;
using XLLM.Silo.Models;
using XLLM.Silo.Tests.Models;

namespace XLLM.Silo.Tests.Engine;

/// <summary>The engine with its threads.</summary>
public sealed class InferenceEngineTests : IDisposable
{
    private readonly IBackend _backend = Backends.Open("reference");
    private readonly LoadedModel _model;
    private readonly EngineSetup _setup;

    public InferenceEngineTests()
    {
        _model = EngineSetup.LoadTiny(_backend);
        _setup = Setup(new EngineOptions { BlockTokens = 4, MaxQueuedSequences = 100 }, blocks: 64);
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static GenerationRequest Endless => new()
    {
        RequestId = "endless",
        Model = "tiny",
        PromptTokens = [1, 2, 3],
        Stop = new StopParameters { IgnoreEndToken = true },
    };

    public void Dispose()
    {
        _setup.Dispose();
        _backend.Dispose();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ManyConcurrentRequests_GetTheAnswersThatTheyGetAlone(bool asyncScheduling)
    {
        var random = new Random(7);
        var requests = Enumerable.Range(0, 32).Select(i => RandomRequests.Valid(RandomRequests.Next(random, i))).ToArray();
        var options = EngineSetup.WideOptions();
        options.PrefixCaching = false;
        using var aloneSetup = Setup(options, blocks: 64);
        var alone = requests.Select(request => Assert.Single(new SteppedEngine(aloneSetup, depth: 1).Run(request)).Summary).ToArray();

        using var setup = Setup(new EngineOptions { BlockTokens = 4, MaxTokensPerStep = 40, MaxRunningSequences = 10, AsyncScheduling = asyncScheduling }, blocks: 50);
        await using var engine = setup.Start();
        var answers = await Task.WhenAll(requests.Select(request => Task.Run(() => Answer.ReadAsync(engine.Start(request), Cancellation), Cancellation)));

        Assert.Equal(alone, answers.Select(answer => answer.Summary));
        await engine.StopAsync(Cancellation);
        setup.Blocks.CheckIntegrity([]);
        Assert.Equal(setup.Blocks.TotalBlocks, setup.Blocks.FreeBlocks);
    }

    [Fact]
    public async Task AReaderWhoLeaves_FreesTheBlocks()
    {
        using var gate = new GatedExecutor(_setup.Executor);
        await using var engine = _setup.Start(gate);
        gate.Allow(3);                                                  // far from the end of the context when the reader leaves
        var reader = engine.Start(Endless).GetAsyncEnumerator(Cancellation);
        Assert.True(await reader.MoveNextAsync());
        await reader.DisposeAsync();
        gate.Open();

        var left = new Answer();
        while (left.End is null && await reader.MoveNextAsync())
        {
            left.Add(reader.Current);
        }

        await engine.StopAsync(Cancellation);
        Assert.Equal(EndReason.Cancelled, left.End!.Reason);
        Assert.Equal(_setup.Blocks.TotalBlocks, engine.Load.FreeBlocks);
        Assert.Equal(0, engine.Load.RunningSequences);
    }

    [Fact]
    public async Task StopAsync_FinishesWhatRuns_AndRefusesWhatComes()
    {
        await using var engine = _setup.Start();
        var running = engine.Start(Endless with { Stop = new StopParameters { MaxTokens = 200, IgnoreEndToken = true } });
        var stopping = engine.StopAsync(Cancellation);

        var refused = await Answer.ReadAsync(engine.Start(Endless), Cancellation);
        await stopping;

        Assert.Equal((EndReason.Unavailable, "the replica stops"), (refused.End!.Reason, refused.End.Message));
        var answer = await Answer.ReadAsync(running, Cancellation);
        Assert.Equal((EndReason.Length, 200), (answer.End!.Reason, answer.Tokens.Count));
        Assert.True(engine.Stopped.IsCompleted);
    }

    [Fact]
    public async Task StopAsync_EndsWhatTakesTooLong()
    {
        _setup.Options.DrainTimeout = TimeSpan.Zero;
        using var gate = new GatedExecutor(_setup.Executor);
        await using var engine = _setup.Start(gate);
        var generation = engine.Start(Endless);
        gate.Allow(3);
        var stopping = engine.StopAsync(Cancellation);
        gate.Open();
        await stopping;

        var answer = await Answer.ReadAsync(generation, Cancellation);

        Assert.Equal(EndReason.Unavailable, answer.End!.Reason);
        Assert.Equal(_setup.Blocks.TotalBlocks, _setup.Blocks.FreeBlocks);
    }

    [Fact]
    public async Task AnEngineThatHangs_IsNotHealthy_AndAnIdleOneIs()
    {
        _setup.Options.HangTimeout = TimeSpan.FromTicks(1);
        using var gate = new GatedExecutor(_setup.Executor);
        await using var engine = _setup.Start(gate);
        Assert.True(engine.IsHealthy);

        var generation = engine.Start(Endless with { Stop = new StopParameters { MaxTokens = 2 } });
        gate.WaitForAStep();                                            // a step is held up now, for longer than a tick
        Assert.False(engine.IsHealthy);

        _setup.Options.HangTimeout = TimeSpan.FromMinutes(1);
        gate.Open();
        await Answer.ReadAsync(generation, Cancellation);
        Assert.True(engine.IsHealthy);
        Assert.True(engine.LastStepAt <= DateTimeOffset.UtcNow);
        await engine.StopAsync(Cancellation);
    }

    [Fact]
    public async Task AFaultOfTheEngineItself_EndsEverything_AndIsSeen()
    {
        await using var engine = _setup.Start(new ThrowingExecutor());
        var victim = engine.Start(Endless);
        await engine.Stopped.WaitAsync(Cancellation);

        Assert.Equal(EndReason.Failed, (await Answer.ReadAsync(victim, Cancellation)).End!.Reason);
        Assert.False(engine.IsHealthy);
        Assert.Equal(EndReason.Unavailable, (await Answer.ReadAsync(engine.Start(Endless), Cancellation)).End!.Reason);
    }

    [Fact]
    public async Task ASlowReader_DoesNotHoldUpTheEngine_AndGetsAllOfIt()
    {
        await using var engine = _setup.Start();
        var slow = engine.Start(Endless with { Stop = new StopParameters { MaxTokens = 250 } });
        await engine.StopAsync(Cancellation);                           // drained: all tokens are there, none is read

        var events = new List<GenerationEvent>();
        await foreach (var told in slow.WithCancellation(Cancellation))
        {
            events.Add(told);
        }

        Assert.Equal(2, events.Count);
        Assert.True(Assert.IsType<TokensGenerated>(events[0]).TokenIds.Length > 0);
    }

    private EngineSetup Setup(EngineOptions options, int blocks) => new(_model, _backend, PieceTokenizer.ForTinyModel(), options, blocks);

    /// <summary>Lets steps through one by one.</summary>
    private sealed class GatedExecutor(IStepExecutor inner) : IStepExecutor, IDisposable
    {
        private readonly SemaphoreSlim _allowed = new(0);
        private readonly SemaphoreSlim _arrived = new(0);

        public void Allow(int steps) => _allowed.Release(steps);

        public void Open() => _allowed.Release(1_000_000);

        public void WaitForAStep() => _arrived.Wait(Cancellation);

        public void Execute(StepPlan plan)
        {
            _arrived.Release();
            _allowed.Wait();
            inner.Execute(plan);
        }

        public void Dispose()
        {
            _allowed.Dispose();
            _arrived.Dispose();
        }
    }

    /// <summary>Breaks the promise not to throw, as a bug would.</summary>
    private sealed class ThrowingExecutor : IStepExecutor
    {
        public void Execute(StepPlan plan) => throw new InvalidOperationException("a bug");
    }
}

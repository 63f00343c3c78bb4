using XLLM.Grains.Interfaces;
using XLLM.Grains.Interfaces.Generation;
using XLLM.NativeBackends.Ops;
using XLLM.Silo.Engine;
using XLLM.Silo.Models;
using XLLM.Silo.Tests.Models;

namespace XLLM.Silo.Tests.Engine;

/// <summary>Decision D2 at work: whatever else runs, and however it is cut, a request gets the answer that it gets alone.</summary>
public sealed class EngineCoreTests : IDisposable
{
    private readonly IBackend _backend = Backends.Open("reference");
    private readonly LoadedModel _model;
    private readonly List<EngineSetup> _setups = [];

    public EngineCoreTests() => _model = EngineSetup.LoadTiny(_backend);

    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 12)];

    private static GenerationRequest Request => new()
    {
        RequestId = "r",
        Model = "tiny",
        PromptTokens = [.. Enumerable.Range(3, 30)],
        Sampling = new SamplingParameters { Temperature = 0.8f, Seed = 3 },
        Stop = new StopParameters { MaxTokens = 20, IgnoreEndToken = true },
    };

    public void Dispose()
    {
        _setups.ForEach(setup => setup.Dispose());
        _backend.Dispose();
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public async Task AnyHistory_GivesEveryRequestTheAnswerThatItGetsAlone_AndLosesNoBlock(int seed)
    {
        var random = new Random(seed);
        var options = new EngineOptions
        {
            BlockTokens = 4,
            MaxTokensPerStep = new[] { 8, 24, 200 }[random.Next(3)],
            MaxRunningSequences = new[] { 2, 8 }[random.Next(2)],
            AdmissionOrder = random.Next(2) == 0 ? "fcfs" : "priority",
            PrefixCaching = random.Next(4) > 0,
            MaxQueuedSequences = 1000,
        };
        var setup = Setup(options, blocks: random.Next(26, 60));        // one request has up to 100 tokens, 25 blocks
        var engine = new SteppedEngine(setup, depth: 1 + (seed % 2));
        var generations = new List<(GenerationRequest Request, Generation Generation, bool IsAborted)>();

        for (var step = 0; step < 400; step++)
        {
            if (step < 250 && random.Next(8) == 0)
            {
                var request = RandomRequests.Valid(RandomRequests.Next(random, step));
                generations.Add((request, engine.Intake.Start(request), false));
            }

            if (random.Next(40) == 0 && generations.Count > 0)
            {
                var index = random.Next(generations.Count);
                generations[index] = generations[index] with { IsAborted = true };
                await generations[index].Generation.DisposeAsync();
            }

            engine.Step();
        }

        engine.Run();
        Assert.Equal(setup.Blocks.TotalBlocks, setup.Blocks.FreeBlocks);
        setup.Blocks.CheckIntegrity([]);
        Assert.True(generations.Count > 10);
        foreach (var (request, generation, isAborted) in generations)
        {
            var answer = SteppedEngine.Read(generation);
            var alone = Alone(request);
            if (answer.End!.Reason == EndReason.Cancelled)
            {
                Assert.True(isAborted);
                Assert.Equal(alone.Tokens.Take(answer.Tokens.Count), answer.Tokens);
                Assert.StartsWith(answer.Text, alone.Text, StringComparison.Ordinal);
            }
            else
            {
                Assert.Equal(alone.Summary, answer.Summary);
            }
        }
    }

    [Fact]
    public void TheHistories_DoPreempt_AndDoHitThePrefixCache()
    {
        // Guards the test above: without these two it would show little.
        var setup = Setup(new EngineOptions { BlockTokens = 4, MaxTokensPerStep = 64 }, blocks: 30);
        var engine = new SteppedEngine(setup, depth: 2);
        var requests = Enumerable.Range(0, 6).Select(i => Request with { Sampling = Request.Sampling with { Seed = i } }).ToArray();

        var answers = engine.Run(requests);

        Assert.True(engine.Scheduler.Preemptions > 0);
        Assert.True(setup.Blocks.HitTokens > 0);
        Assert.Contains(answers, answer => answer.End!.Usage.CachedTokens == 28);
        Assert.Equal(requests.Select(request => Alone(request).Summary), answers.Select(answer => answer.Summary));
    }

    [Theory]
    [InlineData(0.2)]
    [InlineData(0.5)]
    [InlineData(0.95)]
    public void AnInterruptedGeneration_GoesOnElsewhere_AsIfNothingHadHappened(double part)
    {
        var request = Request with
        {
            TopLogprobs = 2,
            Sampling = Request.Sampling with { PresencePenalty = 0.5f, RepetitionPenalty = 1.2f, TopP = 0.9f },
            Stop = Request.Stop with { Strings = ["no such text", "aab"] },
        };
        var whole = Alone(request);
        var cut = (int)(part * whole.Tokens.Count);
        Assert.InRange(cut, 1, whole.Tokens.Count - 1);

        var rest = Alone(request with { GeneratedTokens = [.. whole.Tokens.Take(cut)] });

        Assert.Equal(whole.Tokens.Skip(cut), rest.Tokens);
        Assert.Equal(cut, rest.FirstPosition);
        Assert.Equal(whole.Text[rest.FirstTextPosition!.Value..], rest.Text);
        Assert.Equal(whole.Logprobs.Skip(cut).Select(logprob => logprob.Logprob), rest.Logprobs.Select(logprob => logprob.Logprob));
        Assert.Equal((whole.End!.Reason, whole.End.StopText, whole.End.Usage.GeneratedTokens), (rest.End!.Reason, rest.End.StopText, rest.End.Usage.GeneratedTokens));
    }

    [Fact]
    public void ACompleteGeneration_EndsAtOnce_WhenItIsContinued()
    {
        var whole = Alone(Request);
        var setup = Setup(EngineSetup.WideOptions(), blocks: 64);
        var engine = new SteppedEngine(setup, depth: 1);

        var rest = SteppedEngine.Read(engine.Intake.Start(Request with { GeneratedTokens = [.. whole.Tokens] }));

        Assert.Equal((EndReason.Length, 20), (rest.End!.Reason, rest.End.Usage.GeneratedTokens));
        Assert.Empty(rest.Tokens);
        Assert.EndsWith(rest.Text, whole.Text, StringComparison.Ordinal);
        Assert.False(engine.Step());
    }

    [Fact]
    public void AnEndToken_EndsTheAnswer_AndIsNotPartOfItsText()
    {
        var answer = Alone(Request with { Stop = new StopParameters { MaxTokens = 50 }, Sampling = new SamplingParameters { LogitBias = new Dictionary<int, float> { [2] = 100 } } });

        Assert.Equal([2], answer.Tokens);
        Assert.Equal((string.Empty, EndReason.Stop, null), (answer.Text, answer.End!.Reason, answer.End.StopText));
    }

    [Fact]
    public void AStopToken_EndsTheAnswer_AndIsNamed()
    {
        var tokens = Alone(Request).Tokens;
        var stop = tokens[5];
        var first = tokens.IndexOf(stop);

        var answer = Alone(Request with { Stop = Request.Stop with { TokenIds = [stop] } });
        var included = Alone(Request with { Stop = Request.Stop with { TokenIds = [stop], IncludeStopText = true } });

        Assert.Equal(tokens.Take(first + 1), answer.Tokens);
        Assert.Equal(EndReason.Stop, answer.End!.Reason);
        Assert.StartsWith(answer.Text, included.Text, StringComparison.Ordinal);
        Assert.True(included.Text.Length >= answer.Text.Length);
        Assert.NotNull(answer.End.StopText);
    }

    [Fact]
    public void WithoutALimit_AnAnswerEndsWithTheContext()
    {
        var setup = Setup(EngineSetup.WideOptions(), blocks: 16);       // 64 tokens
        var answer = Assert.Single(new SteppedEngine(setup, depth: 2).Run(Request with { Stop = new StopParameters { IgnoreEndToken = true } }));

        Assert.Equal((EndReason.Length, 34), (answer.End!.Reason, answer.Tokens.Count));
    }

    [Theory]
    [InlineData(64, null, "the prompt has 64 tokens, but the context is 64 tokens with at least one to generate")]
    [InlineData(60, 5, "60 tokens of prompt and 5 tokens to generate are 65, but the context is 64 tokens")]
    public void WhatCanNeverRun_IsTooLong(int promptTokens, int? maxTokens, string message)
    {
        var setup = Setup(EngineSetup.WideOptions(), blocks: 16);
        var request = Request with { PromptTokens = new int[promptTokens], Stop = new StopParameters { MaxTokens = maxTokens } };

        var end = SteppedEngine.Read(new SteppedEngine(setup, depth: 1).Intake.Start(request)).End!;

        Assert.Equal((EndReason.TooLong, message), (end.Reason, end.Message));
    }

    [Fact]
    public void AFullQueue_RefusesTheNextRequest_UntilOneIsAdmitted()
    {
        var options = EngineSetup.WideOptions();
        options.MaxQueuedSequences = 2;
        var engine = new SteppedEngine(Setup(options, blocks: 64), depth: 1);
        var first = engine.Intake.Start(Request);
        engine.Intake.Start(Request);

        var refused = SteppedEngine.Read(engine.Intake.Start(Request)).End!;
        engine.Step();
        var accepted = engine.Intake.Start(Request);
        engine.Run();

        Assert.Equal((EndReason.Overloaded, "the queue is full: 2 of at most 2 requests wait"), (refused.Reason, refused.Message));
        Assert.Equal(EndReason.Length, SteppedEngine.Read(accepted).End!.Reason);
        Assert.Equal(EndReason.Length, SteppedEngine.Read(first).End!.Reason);
    }

    [Fact]
    public void TokensOutsideTheVocabulary_AreTheCallersFault()
    {
        var intake = new SteppedEngine(Setup(EngineSetup.WideOptions(), blocks: 16), depth: 1).Intake;
        string Fault(GenerationRequest request) => Assert.Throws<RequestException>(() => intake.Start(request)).Message;

        Assert.Equal("prompt: token 50 is not in the vocabulary of 50 tokens", Fault(Request with { PromptTokens = [1, 50] }));
        Assert.Equal("prompt: token -1 is not in the vocabulary of 50 tokens", Fault(Request with { PromptTokens = [-1] }));
        Assert.Equal("a prompt needs at least 1 token, it has 0", Fault(Request with { PromptTokens = [] }));
        Assert.Contains("stop_token_ids", Fault(Request with { Stop = new StopParameters { TokenIds = [99] } }), StringComparison.Ordinal);
        Assert.Contains("logit_bias", Fault(Request with { Sampling = new SamplingParameters { LogitBias = new Dictionary<int, float> { [99] = 1 } } }), StringComparison.Ordinal);
        Assert.Contains("top_logprobs must be 0 to 20, it is 21", Fault(Request with { TopLogprobs = 21 }), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void AFailingStep_EndsItsSequences_AndTheEngineGoesOn(int depth)
    {
        var breaking = _model with { Model = new BreakingModel(_model.Model, failAt: 4) };
        using var setup = new EngineSetup(breaking, _backend, PieceTokenizer.ForTinyModel(), EngineSetup.WideOptions(), blocks: 64);
        var engine = new SteppedEngine(setup, depth);
        var victims = new[] { engine.Intake.Start(Request), engine.Intake.Start(Request with { PromptTokens = [1, 2] }) };
        for (var step = 0; step < 4 + depth; step++)
        {
            engine.Step();
        }

        var later = engine.Intake.Start(Request);
        engine.Run();

        Assert.All(victims, victim =>
        {
            var answer = SteppedEngine.Read(victim);
            Assert.Equal((EndReason.Failed, "the forward pass failed: linear: broken"), (answer.End!.Reason, answer.End.Message));
            Assert.Equal(4, answer.Tokens.Count);
        });
        Assert.Equal(Alone(Request).Tokens, SteppedEngine.Read(later).Tokens);
        setup.Blocks.CheckIntegrity([]);
    }

    [Fact]
    public void ALogitThatIsNotANumber_EndsItsSequence_AndNoOther()
    {
        var setup = Setup(EngineSetup.WideOptions(), blocks: 64);
        setup.Executor.LogitsObserver = (plan, logits) =>
        {
            var index = plan.DrawingGrants.Values.IndexOf(plan.Grants.ToList().FindIndex(grant => grant.Sequence.PromptTokens == 7 && grant.End == 10));
            if (index >= 0)
            {
                Floats(logits.RowSlice(index, 1))[5] = float.NaN;
            }
        };
        var engine = new SteppedEngine(setup, depth: 2);

        var answers = engine.Run(Request, Request with { PromptTokens = [1, 2, 3, 4, 5, 6, 7] });

        Assert.Equal(Alone(Request).Summary, answers[0].Summary);
        Assert.Equal((EndReason.Failed, "the model gave a logit that is not a number, for token 5"), (answers[1].End!.Reason, answers[1].End!.Message));
        Assert.Equal(3, answers[1].Tokens.Count);
    }

    [Fact]
    public async Task AnAbortedGeneration_GivesItsBlocksBack_BeforeTheNextStep()
    {
        var setup = Setup(EngineSetup.WideOptions(), blocks: 64);
        var engine = new SteppedEngine(setup, depth: 2);
        var generation = engine.Intake.Start(Request);
        engine.Step();
        engine.Step();
        Assert.True(setup.Blocks.UsedBlocks > 0);

        await generation.DisposeAsync();
        engine.Core.TakeInbox();

        Assert.Equal(0, setup.Blocks.UsedBlocks);
        engine.Run();
        Assert.Equal(EndReason.Cancelled, SteppedEngine.Read(generation).End!.Reason);
    }

    [Fact]
    public void Usage_TellsCachedTokens_AndSaltsShareNothing()
    {
        var engine = new SteppedEngine(Setup(EngineSetup.WideOptions(), blocks: 64), depth: 1);

        Assert.Equal(new Usage(30, 0, 20), Assert.Single(engine.Run(Request)).End!.Usage);
        Assert.Equal(new Usage(30, 28, 20), Assert.Single(engine.Run(Request)).End!.Usage);
        Assert.Equal(new Usage(30, 0, 20), Assert.Single(engine.Run(Request with { CacheSalt = "other" })).End!.Usage);
    }

    [Fact]
    public void ASecondTurn_FindsTheFirstOnesAnswerInTheCache()
    {
        var engine = new SteppedEngine(Setup(EngineSetup.WideOptions(), blocks: 64), depth: 2);
        var first = Assert.Single(engine.Run(Request));

        var second = Assert.Single(engine.Run(Request with { PromptTokens = [.. Request.PromptTokens, .. first.Tokens, 1, 2, 3] }));

        Assert.Equal(48, second.End!.Usage.CachedTokens);               // 49 tokens are computed, the last drawn one is not
    }

    [Fact]
    public void Gauges_FollowWhatRuns()
    {
        var setup = Setup(EngineSetup.WideOptions(), blocks: 64);
        setup.Options.MaxRunningSequences = 1;
        var engine = new SteppedEngine(setup, depth: 1);
        engine.Intake.Start(Request);
        engine.Intake.Start(Request);
        engine.Step();
        var busy = engine.Core.Gauges;
        engine.Run();

        Assert.Equal((1, 1, 31L, 64 - 8), (busy.RunningSequences, busy.WaitingSequences, busy.PendingTokens, busy.FreeBlocks));
        Assert.True(busy.StepTime > TimeSpan.Zero);
        Assert.Equal((0, 0, 0L, 64), (engine.Core.Gauges.RunningSequences, engine.Core.Gauges.WaitingSequences, engine.Core.Gauges.PendingTokens, engine.Core.Gauges.FreeBlocks));
    }

    private static unsafe Span<float> Floats(Tensor row) => new((void*)row.Data, row.Columns);

    private EngineSetup Setup(EngineOptions options, int blocks)
    {
        var setup = new EngineSetup(_model, _backend, PieceTokenizer.ForTinyModel(), options, blocks);
        _setups.Add(setup);
        return setup;
    }

    /// <summary>The plainest run there is: no other request, no prefix cache, whole prompts, one step after the other.</summary>
    private Answer Alone(GenerationRequest request)
    {
        var options = EngineSetup.WideOptions();
        options.PrefixCaching = false;
        using var setup = new EngineSetup(_model, _backend, PieceTokenizer.ForTinyModel(), options, blocks: 64);
        return Assert.Single(new SteppedEngine(setup, depth: 1).Run(request));
    }

    /// <summary>A model that breaks once.</summary>
    private sealed class BreakingModel(ICausalModel inner, int failAt) : ICausalModel
    {
        private int _steps;

        public int VocabularySize => inner.VocabularySize;

        public int MaxContext => inner.MaxContext;

        public KvLayout KvLayout => inner.KvLayout;

        public Tensor Forward(ForwardBatch batch, IOps ops) => _steps++ == failAt ? throw new OpException("linear: broken") : inner.Forward(batch, ops);
    }
}

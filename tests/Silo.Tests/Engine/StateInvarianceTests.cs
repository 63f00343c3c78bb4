using XLLM.Grains.Interfaces.Generation;
using XLLM.NativeBackends.Ops;
using XLLM.Silo.Engine;
using XLLM.Silo.KvCache;
using XLLM.Silo.Models;
using XLLM.Silo.Tests.Models;
using XLLM.Testing;

namespace XLLM.Silo.Tests.Engine;

/// <summary>Decision D2 by bits for models with recurrent states, through the whole engine: chunks, batches, snapshots and preemptions, with a step planned ahead.</summary>
public sealed class StateInvarianceTests
{
    private const int PromptTokens = 70;
    private const int Generated = 6;

    public static TheoryData<string, string> Cases => Backends.With("tiny", "tiny bf16", "qwen3_next", "qwen3_5_moe");

    public static TheoryData<string, int> Seeds => Backends.With(1, 2, 3);

    [Theory]
    [MemberData(nameof(Cases))]
    public void Logits_AreTheSameBitForBit_AloneInABatchChunkedFromASnapshotAndAfterAPreemption(string backendName, string model)
    {
        using var backend = Backends.Open(backendName);
        var loaded = Load(model, backend);
        var request = Request(0);
        var others = Enumerable.Range(1, 15).Select(Request).ToArray();
        var alone = Run(new EngineOptions { MaxTokensPerStep = 128, PrefixCaching = false }, 256, [request]);
        Assert.Equal(Generated, alone.Logits.Count);

        Check("in a batch of 16", Run(new EngineOptions { MaxTokensPerStep = 2048 }, 2048, [.. others[..8], request, .. others[8..]]));
        foreach (var chunk in new[] { 1, 7, 64 })
        {
            Check($"in chunks of {chunk}", Run(new EngineOptions { MaxTokensPerStep = chunk, MaxRunningSequences = 1 }, 256, [request]));
        }

        var hit = Run(new EngineOptions { MaxTokensPerStep = 128, MaxRunningSequences = 1 }, 256, [request with { RequestId = "before" }, request]);
        Assert.Equal(68, hit.Answer.End!.Usage.CachedTokens);
        Check("after a hit on a snapshot", hit);

        // The others leave the prompt after 30 tokens: the first leaves keys and values, the second a state at 28, the third goes on from there.
        GenerationRequest Parting(string id, int last) => request with { RequestId = id, PromptTokens = [.. request.PromptTokens[..30], .. Enumerable.Repeat(last, 20)] };
        var parted = Run(new EngineOptions { MaxTokensPerStep = 128, MaxRunningSequences = 1 }, 256, [Parting("a", 7), Parting("b", 8), request]);
        Assert.Equal(28, parted.Answer.End!.Usage.CachedTokens);
        Check("after a hit on a snapshot where prompts part", parted);

        // Room for one and a half: the later sequence gives way and is computed again.
        var state = new Silo.Execution.KvGeometry(loaded.Model.KvLayout, DType.F32, 4).StateBlocks;
        var blocks = (2 * (18 + state)) + 4 + (KvTypeOf(model) == KvType.BF16 ? 2 * state : 0);
        foreach (var caching in new[] { false, true })
        {
            var crowded = Run(
                new EngineOptions { MaxTokensPerStep = 256, AdmissionOrder = "fcfs", PrefixCaching = caching },
                blocks,
                [Longer(others[0]), request with { Stop = request.Stop with { MaxTokens = Generated + 30 } }]);
            Assert.True(crowded.Preemptions > 0, $"{blocks} blocks were enough");
            Check("preempted and resumed", crowded);
        }

        void Check(string how, Outcome outcome)
        {
            for (var i = 0; i < Generated; i++)
            {
                Assert.True(
                    alone.Logits[i].AsSpan().SequenceEqual(outcome.Logits[i]),
                    $"{backendName}, {model}, {how}: the logits of token {i} differ by up to {alone.Logits[i].Zip(outcome.Logits[i], (a, b) => Math.Abs(a - b)).Max()}");
            }

            Assert.Equal(alone.Answer.Tokens, outcome.Answer.Tokens.Take(Generated));
        }

        Outcome Run(EngineOptions options, int blocks, GenerationRequest[] requests)
        {
            (options.KvType, options.BlockTokens) = (KvTypeOf(model), 4);
            using var setup = new EngineSetup(loaded, backend, PieceTokenizer.Letters(loaded.Model.VocabularySize), options, blocks);
            var logits = new SortedDictionary<int, float[]>();
            var place = Array.FindLastIndex(requests, candidate => candidate.RequestId == request.RequestId);
            setup.Executor.LogitsObserver = (plan, rows) =>
            {
                for (var i = 0; i < plan.DrawingGrants.Count; i++)
                {
                    var grant = plan.Grants[plan.DrawingGrants.Values[i]];
                    if (grant.Sequence.Id.Value == place + 1)
                    {
                        logits.TryAdd(grant.End - PromptTokens, backend.Ops.ReadRow(rows, i).ToArray());
                    }
                }
            };
            var engine = new SteppedEngine(setup, depth: 2);
            var answers = engine.Run(requests);
            setup.Blocks.CheckIntegrity([]);
            return new Outcome([.. logits.Values], answers[place], engine.Scheduler.Preemptions);
        }
    }

    /// <summary>Many prompts with common beginnings, in a pool that is too small for them: every drawn token's logits are those of the request alone.</summary>
    [Theory]
    [MemberData(nameof(Seeds))]
    public void RandomRequests_WithCommonBeginnings_GetTheLogitsThatEachGetsAlone(string backendName, int seed)
    {
        var random = new Random(seed);
        using var backend = Backends.Open(backendName);
        var loaded = Load("tiny", backend);
        var requests = Enumerable.Range(0, 24).Select(i => Request(i) with
        {
            PromptTokens = [.. Request(random.Next(2)).PromptTokens[..random.Next(1, 50)], .. Enumerable.Range(0, random.Next(1, 12)).Select(_ => random.Next(50))],
            Stop = new StopParameters { MaxTokens = random.Next(1, 14), IgnoreEndToken = true },
        }).ToArray();

        var together = Run(new EngineOptions { MaxTokensPerStep = random.Next(9, 60), MaxRunningSequences = random.Next(2, 9), PrefixCaching = true }, random.Next(60, 110), requests, out var cached);
        Assert.True(cached > 0, "no prefix was found");
        for (var i = 0; i < requests.Length; i++)
        {
            var alone = Run(new EngineOptions { PrefixCaching = false }, 200, [requests[i]], out _);
            foreach (var ((_, end), expected) in alone)
            {
                Assert.True(expected.AsSpan().SequenceEqual(together[(i + 1, end)]), $"request {i} differs at token {end}");
            }
        }

        Dictionary<(long, int), float[]> Run(EngineOptions options, int blocks, GenerationRequest[] requests, out int cached)
        {
            options.BlockTokens = 4;
            using var setup = new EngineSetup(loaded, backend, PieceTokenizer.Letters(50), options, blocks);
            var logits = new Dictionary<(long, int), float[]>();
            setup.Executor.LogitsObserver = (plan, rows) =>
            {
                for (var i = 0; i < plan.DrawingGrants.Count; i++)
                {
                    var grant = plan.Grants[plan.DrawingGrants.Values[i]];
                    logits.TryAdd((grant.Sequence.Id.Value, grant.End), backend.Ops.ReadRow(rows, i).ToArray());
                }
            };
            cached = new SteppedEngine(setup, depth: 2).Run(requests).Sum(answer => answer.End!.Usage.CachedTokens);
            setup.Blocks.CheckIntegrity([]);
            return logits;
        }
    }

    [Theory]
    [MemberData(nameof(Backends.Present), MemberType = typeof(Backends))]
    public void AWarmStep_AllocatesNothing(string backendName)
    {
        using var backend = Backends.Open(backendName);
        using var setup = new EngineSetup(Load("tiny", backend), backend, PieceTokenizer.Letters(50), new EngineOptions { BlockTokens = 4 }, blocks: 4096);
        var engine = new SteppedEngine(setup, depth: 2);
        for (var i = 0; i < 8; i++)
        {
            _ = engine.Intake.Start(Request(i) with { PromptTokens = [1, 2, 3, i], Stop = new StopParameters { MaxTokens = 250, IgnoreEndToken = true } });
        }

        Steps(140);
        var quietest = Enumerable.Range(0, 3).Min(_ => Steps(30));

        Assert.Equal(8, engine.Scheduler.Running.Count);
        Assert.Equal(0, quietest);

        long Steps(int steps)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var step = 0; step < steps; step++)
            {
                engine.Step();
            }

            return GC.GetAllocatedBytesForCurrentThread() - before;
        }
    }

    private static LoadedModel Load(string model, IBackend backend)
    {
        if (!model.StartsWith("tiny", StringComparison.Ordinal))
        {
            var golden = Paths.TryShared("golden", model);
            Assert.SkipWhen(golden is null, $"../shared/golden/{model} is missing");
            return ModelLoader.Load(golden!, backend, new ModelLoadOptions());
        }

        using var folder = new TemporaryFolder();
        TinyModel.Qwen3Next().Write(folder.Path);
        return ModelLoader.Load(folder.Path, backend, new ModelLoadOptions());
    }

    private static KvType KvTypeOf(string model) => model == "tiny bf16" ? KvType.BF16 : KvType.F32;

    private static GenerationRequest Longer(GenerationRequest request) => request with { Stop = request.Stop with { MaxTokens = 60 } };

    private static GenerationRequest Request(int number) => new()
    {
        RequestId = $"r{number}",
        Model = "tiny",
        PromptTokens = [.. Enumerable.Range(0, PromptTokens).Select(i => ((i * (number + 3)) + (i * i % 7)) % 50)],
        Sampling = new SamplingParameters { Temperature = 0.7f, Seed = number },
        Stop = new StopParameters { MaxTokens = Generated, IgnoreEndToken = true },
    };

    private sealed record Outcome(List<float[]> Logits, Answer Answer, long Preemptions);
}

using XLLM.Grains.Interfaces.Generation;
using XLLM.NativeBackends.Ops;
using XLLM.Silo.Engine;
using XLLM.Silo.KvCache;
using XLLM.Silo.Models;
using XLLM.Silo.Tests.Models;
using XLLM.Silo.Tokenization;
using XLLM.Testing;

namespace XLLM.Silo.Tests.Engine;

/// <summary>Decision D2 by bits, through the whole engine, with the demo model on every backend that is present: the logits from which each token is drawn.</summary>
public sealed class LogitsInvarianceTests
{
    private const int PromptTokens = 70;
    private const int Generated = 6;

    public static TheoryData<string, string> Cases => Backends.With(nameof(KvType.F32), nameof(KvType.BF16), nameof(KvType.Int8));

    [Theory]
    [MemberData(nameof(Cases))]
    public void Logits_AreTheSameBitForBit_AloneInABatchChunkedFromThePrefixCacheAndAfterAPreemption(string backendName, string kvTypeName)
    {
        var kvType = Enum.Parse<KvType>(kvTypeName);
        using var backend = Backends.Open(backendName);
        var model = ModelLoader.Load(Paths.DemoModel, backend, new ModelLoadOptions());
        var tokenizer = TokenizerLoader.Load(Paths.DemoModel);
        var request = Request(tokenizer, 0);
        var others = Enumerable.Range(1, 15).Select(i => Request(tokenizer, i)).ToArray();
        var alone = Run(new EngineOptions { MaxTokensPerStep = 128, PrefixCaching = false }, 64, [request]);
        Assert.Equal(Generated, alone.Logits.Count);

        Check("in a batch of 16", Run(new EngineOptions { MaxTokensPerStep = 2048 }, 256, [.. others[..8], request, .. others[8..]]));
        foreach (var chunk in new[] { 1, 7, 64 })
        {
            Check($"in chunks of {chunk}", Run(new EngineOptions { MaxTokensPerStep = chunk, MaxRunningSequences = 1 }, 64, [request]));
        }

        var hit = Run(new EngineOptions { MaxTokensPerStep = 128, MaxRunningSequences = 1 }, 64, [request with { RequestId = "before" }, request]);
        Assert.Equal(64, hit.Answer.End!.Usage.CachedTokens);
        Check("after a prefix hit", hit);

        // 10 blocks: both prompts fit at first (5 blocks each), then the later sequence gives way and is computed again.
        var crowded = Run(new EngineOptions { MaxTokensPerStep = 256, AdmissionOrder = "fcfs" }, 10, [Longer(others[0]), request with { Stop = request.Stop with { MaxTokens = Generated + 8 } }]);
        Assert.True(crowded.Preemptions > 0);
        Check("preempted and resumed", crowded);

        void Check(string how, Outcome outcome)
        {
            for (var i = 0; i < Generated; i++)
            {
                Assert.True(
                    alone.Logits[i].AsSpan().SequenceEqual(outcome.Logits[i]),
                    $"{backendName}, {kvType}, {how}: the logits of token {i} differ by up to {alone.Logits[i].Zip(outcome.Logits[i], (a, b) => Math.Abs(a - b)).Max()}");
            }

            Assert.Equal(alone.Answer.Tokens, outcome.Answer.Tokens.Take(Generated));
        }

        Outcome Run(EngineOptions options, int blocks, GenerationRequest[] requests)
        {
            options.KvType = kvType;
            using var setup = new EngineSetup(model, backend, tokenizer, options, blocks);
            var logits = new SortedDictionary<int, float[]>();
            setup.Executor.LogitsObserver = (plan, rows) =>
            {
                for (var i = 0; i < plan.DrawingGrants.Count; i++)
                {
                    var grant = plan.Grants[plan.DrawingGrants.Values[i]];
                    if (grant.Sequence.Id.Value == Array.IndexOf(requests, requests.Last(candidate => candidate.RequestId == request.RequestId)) + 1)
                    {
                        logits.TryAdd(grant.End - PromptTokens, backend.Ops.ReadRow(rows, i).ToArray());
                    }
                }
            };
            var engine = new SteppedEngine(setup, depth: 2);
            var answers = engine.Run(requests);
            var place = Array.FindLastIndex(requests, candidate => candidate.RequestId == request.RequestId);
            return new Outcome([.. logits.Values], answers[place], engine.Scheduler.Preemptions);
        }
    }

    private static GenerationRequest Longer(GenerationRequest request) => request with { Stop = request.Stop with { MaxTokens = 60 } };

    private static GenerationRequest Request(ITokenizer tokenizer, int number)
    {
        var text = string.Concat(Enumerable.Range(number, 60).Select(i => $"{i} birds sang to the old king, and ")) + "then";
        return new GenerationRequest
        {
            RequestId = $"r{number}",
            Model = "demo",
            PromptTokens = tokenizer.Encode(text, addSpecialTokens: false)[..PromptTokens],
            Sampling = new SamplingParameters { Temperature = 0.7f, Seed = number },
            Stop = new StopParameters { MaxTokens = Generated, IgnoreEndToken = true },
        };
    }

    private sealed record Outcome(List<float[]> Logits, Answer Answer, long Preemptions);
}

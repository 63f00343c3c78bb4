using System.Runtime.InteropServices;
using XLLM.Grains.Interfaces;
using XLLM.Grains.Interfaces.Generation;
using XLLM.Silo.Engine;
using XLLM.Silo.Models;
using XLLM.Silo.Tests.Models;
using XLLM.Silo.Tokenization;
using XLLM.Testing;

namespace XLLM.Silo.Tests.Engine;

/// <summary>Embeddings and scores through the whole engine, beside running chats, on every backend that is present.</summary>
public sealed class PooledGenerationTests
{
    private const int PromptTokens = 70;
    private static readonly ITokenizer Tokenizer = TokenizerLoader.Load(Paths.DemoModel);

    public static TheoryData<string, PoolingKind> Cases => Backends.With(PoolingKind.Embedding, PoolingKind.Score);

    [Theory]
    [MemberData(nameof(Cases))]
    public void AResult_IsTheSameBits_AloneInABatchOfSixteenBesideChatsChunkedFromThePrefixCacheAndAfterAPreemption(string backendName, PoolingKind kind)
    {
        using var backend = Backends.Open(backendName);
        var model = ModelLoader.Load(Paths.DemoModel, backend, new ModelLoadOptions());
        var request = Pooled(0, kind);
        var alone = Run(new EngineOptions { PrefixCaching = false }, 64, request);
        Assert.Equal((EndReason.Stop, PromptTokens, 0, 0), (alone.Reason, alone.Usage.PromptTokens, alone.Usage.CachedTokens, alone.Usage.GeneratedTokens));
        Assert.Equal(kind == PoolingKind.Score ? 1 : model.Model.HiddenSize, alone.Pooled!.Length);

        var others = Enumerable.Range(1, 15).Select(i => i % 3 == 0 ? Chat(i) : Pooled(i, i % 3 == 1 ? PoolingKind.Embedding : PoolingKind.Score)).ToArray();
        Check("in a batch of 16", Run(new EngineOptions { MaxTokensPerStep = 2048 }, 256, [.. others[..8], request, .. others[8..]]));
        foreach (var chunk in new[] { 1, 7, 64 })
        {
            Check($"in chunks of {chunk}", Run(new EngineOptions { MaxTokensPerStep = chunk, MaxRunningSequences = 1 }, 64, request));
        }

        var hit = Run(new EngineOptions { MaxRunningSequences = 1 }, 64, Chat(0), request);
        Assert.Equal(64, hit.Usage.CachedTokens);
        Check("after a prefix hit of a chat", hit);

        var preemptions = 0L;

        // 10 blocks hold both prompts; when the chat needs an 11th, half of the other prompt is computed and gives way.
        var crowded = Run(new EngineOptions { MaxTokensPerStep = 3, MaxRunningSequences = 2, AdmissionOrder = "fcfs" }, 10, Chat(3) with { Stop = new() { MaxTokens = 50, IgnoreEndToken = true } }, request);
        Assert.True(preemptions > 0);
        Check("preempted and resumed", crowded);

        void Check(string how, GenerationEnded ended) =>
            Assert.True(MemoryMarshal.AsBytes(alone.Pooled.AsSpan()).SequenceEqual(MemoryMarshal.AsBytes(ended.Pooled.AsSpan())), $"{backendName}, {kind}, {how}: {ended.Reason} {ended.Message}");

        GenerationEnded Run(EngineOptions options, int blocks, params GenerationRequest[] requests)
        {
            using var setup = new EngineSetup(model, backend, Tokenizer, options, blocks);
            var engine = new SteppedEngine(setup, depth: 2);
            var answers = engine.Run(requests);
            preemptions = engine.Scheduler.Preemptions;
            Assert.All(answers.Zip(requests), pair => Assert.Equal(pair.Second.Pooling is not null, pair.First.End!.Pooled is not null));
            return answers[Array.IndexOf(requests, request)].End!;
        }
    }

    [Theory]
    [MemberData(nameof(Backends.Present), MemberType = typeof(Backends))]
    public void Dimensions_CutTheEmbedding_AndScaleItToLengthOneAgain(string backendName)
    {
        using var backend = Backends.Open(backendName);
        using var setup = new EngineSetup(EngineSetup.LoadTiny(backend), backend, new ByteTokenizer(256), EngineSetup.WideOptions(), 64);
        var engine = new SteppedEngine(setup, depth: 2);
        var size = setup.Served.EmbeddingSize;

        var whole = engine.Run(Tiny())[0].End!.Pooled!;
        var half = engine.Run(Tiny(size / 2))[0].End!.Pooled!;

        Assert.Equal((size, size / 2), (whole.Length, half.Length));
        Assert.Equal(1, whole.Sum(value => (double)value * value), 1e-6);
        Assert.Equal(1, half.Sum(value => (double)value * value), 1e-6);
        var scale = Math.Sqrt(whole[..(size / 2)].Sum(value => (double)value * value));
        Assert.All(half.Zip(whole), pair => Assert.Equal(pair.Second / scale, pair.First, 1e-6));
    }

    [Fact]
    public void AnInput_MayFillTheContext_AndNotMore()
    {
        using var backend = Backends.Open("reference");
        using var setup = new EngineSetup(EngineSetup.LoadTiny(backend), backend, new ByteTokenizer(256), EngineSetup.WideOptions(), blocks: 4);
        var engine = new SteppedEngine(setup, depth: 2);
        Assert.Equal(16, setup.Served.MaxContext);

        var full = engine.Run(Tiny() with { PromptTokens = [.. Enumerable.Range(0, 16)] })[0].End!;
        var over = engine.Run(Tiny() with { PromptTokens = [.. Enumerable.Range(0, 17)] })[0].End!;

        Assert.NotNull(full.Pooled);
        Assert.Equal((EndReason.TooLong, "the input has 17 tokens, but the context is 16 tokens"), (over.Reason, over.Message));
    }

    [Fact]
    public void WhatTheModelDoesNotDo_IsRefused_WithItsName()
    {
        using var backend = Backends.Open("reference");
        using var setup = new EngineSetup(EngineSetup.LoadTiny(backend), backend, new ByteTokenizer(256), EngineSetup.WideOptions(), 64);
        var intake = new SteppedEngine(setup, depth: 2).Intake;
        var size = setup.Served.EmbeddingSize;

        Refused($"dimensions must be 1 to {size}, it is {size + 1}", Tiny(size + 1));
        Refused("what has no tokens cannot go on after 1 of them", Tiny() with { GeneratedTokens = [1] });
        setup.Served = setup.Served with { EmbeddingSize = 0, ScoreTokens = null };
        intake = new SteppedEngine(setup, depth: 2).Intake;
        Refused("the model 'tiny' does not make embeddings", Tiny());
        Refused("the model 'tiny' does not judge documents", Tiny() with { Pooling = new(PoolingKind.Score) });

        void Refused(string message, GenerationRequest request) => Assert.Equal(message, Assert.Throws<RequestException>(() => intake.Start(request)).Message);
    }

    private static GenerationRequest Tiny(int? dimensions = null) =>
        new() { RequestId = "r", Model = "tiny", PromptTokens = [1, 2, 3, 4, 5], Pooling = new PoolingParameters(PoolingKind.Embedding, dimensions) };

    private static GenerationRequest Pooled(int number, PoolingKind kind) => Chat(number) with { RequestId = $"p{number}", Pooling = new PoolingParameters(kind), Stop = new StopParameters() };

    private static GenerationRequest Chat(int number) => new()
    {
        RequestId = $"c{number}",
        Model = "demo",
        PromptTokens = Tokenizer.Encode(string.Concat(Enumerable.Range(number, 60).Select(i => $"{i} birds sang to the old king, and ")) + "then", addSpecialTokens: false)[..PromptTokens],
        Sampling = new SamplingParameters { Temperature = 0.7f, Seed = number },
        Stop = new StopParameters { MaxTokens = 6, IgnoreEndToken = true },
    };
}

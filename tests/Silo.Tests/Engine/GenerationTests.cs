using XLLM.Grains.Interfaces.Generation;
using XLLM.Silo.Engine;
using XLLM.Silo.Sampling;

namespace XLLM.Silo.Tests.Engine;

public sealed class GenerationTests
{
    private static readonly GenerationEnded End = new() { Reason = EndReason.Stop, Usage = new Usage(1, 0, 3) };

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task WhatIsUnread_MergesIntoOneEvent()
    {
        var generation = Create();
        generation.Begin(() => { }, position: 5, textPosition: 20);
        Append(generation, 1, "a");
        Append(generation, 2, "bc");
        var reader = generation.GetAsyncEnumerator(Cancellation);

        Assert.True(await reader.MoveNextAsync());
        var first = Assert.IsType<TokensGenerated>(reader.Current);
        Assert.Equal((5, 20, "abc"), (first.Position, first.TextPosition, first.Text));
        Assert.Equal([1, 2], first.TokenIds);
        Assert.Null(first.Logprobs);

        Append(generation, 3, "");
        generation.End(End);
        Assert.True(await reader.MoveNextAsync());
        var second = Assert.IsType<TokensGenerated>(reader.Current);
        Assert.Equal((7, 23, ""), (second.Position, second.TextPosition, second.Text));
        Assert.True(await reader.MoveNextAsync());
        Assert.Same(End, reader.Current);
        Assert.False(await reader.MoveNextAsync());
    }

    [Fact]
    public async Task AWaitingReader_IsWoken_ForEveryPublishedToken()
    {
        var generation = Create();
        generation.Begin(() => { }, 0, 0);
        var reader = generation.GetAsyncEnumerator(Cancellation);
        for (var token = 0; token < 1000; token++)
        {
            var move = reader.MoveNextAsync().AsTask();
            Append(generation, token, "x");
            generation.Publish();
            Assert.True(await move);
            Assert.Equal([token], Assert.IsType<TokensGenerated>(reader.Current).TokenIds);
        }

        var last = reader.MoveNextAsync().AsTask();
        generation.End(End);
        Assert.True(await last);
        Assert.Same(End, reader.Current);
    }

    [Fact]
    public async Task AReaderThatTookATokenBeforeItWasPublished_WaitsForTheNext()
    {
        var generation = Create();
        generation.Begin(() => { }, 0, 0);
        var reader = generation.GetAsyncEnumerator(Cancellation);
        Append(generation, 1, "a");
        Assert.True(await reader.MoveNextAsync());
        var move = reader.MoveNextAsync().AsTask();
        generation.Publish();                       // of the token that the reader has
        Append(generation, 2, "b");
        generation.Publish();

        Assert.True(await move);
        Assert.Equal([2], Assert.IsType<TokensGenerated>(reader.Current).TokenIds);
    }

    [Fact]
    public async Task AFastWriterAndAReader_LoseNothing()
    {
        const int Tokens = 100_000;
        var generation = Create();
        generation.Begin(() => { }, 0, 0);
        var writer = new Thread(() =>
        {
            for (var token = 0; token < Tokens; token++)
            {
                Append(generation, token, "x");
                generation.Publish();
            }

            generation.End(End);
        });
        writer.Start();

        var next = 0;
        await foreach (var step in generation.WithCancellation(Cancellation))
        {
            if (step is TokensGenerated tokens)
            {
                Assert.Equal(next, tokens.Position);
                Assert.Equal(Enumerable.Range(next, tokens.TokenIds.Length), tokens.TokenIds);
                next += tokens.TokenIds.Length;
            }
        }

        writer.Join();
        Assert.Equal(Tokens, next);
    }

    [Fact]
    public async Task Cancelling_EndsTheWait_AndLeavingAborts()
    {
        using var caller = new CancellationTokenSource();
        var aborts = 0;
        var generation = Create();
        generation.Begin(() => aborts++, 0, 0);
        var reading = Task.Run(
            async () =>
            {
                await foreach (var _ in generation.WithCancellation(caller.Token))
                {
                }
            },
            Cancellation);

        await caller.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);
        Assert.Equal(1, aborts);
        await generation.DisposeAsync();
        Assert.Equal(1, aborts);
    }

    [Fact]
    public async Task DisposingAfterTheEnd_AbortsNothing()
    {
        var aborts = 0;
        var generation = Create();
        generation.Begin(() => aborts++, 0, 0);
        generation.End(End);
        await generation.DisposeAsync();

        Assert.Equal(0, aborts);
    }

    [Fact]
    public void ASecondReader_IsRefused()
    {
        var generation = Create();
        generation.GetAsyncEnumerator(Cancellation);

        Assert.Throws<InvalidOperationException>(() => generation.GetAsyncEnumerator(Cancellation));
    }

    [Fact]
    public async Task Logprobs_NameTheirTokens_ButNotTheEndToken()
    {
        var generation = Create(topLogprobs: 2);
        generation.Begin(() => { }, 0, 0);
        generation.Append(new SampledToken(1, -0.5f, 2, null), [1, 2, 9], [-0.5f, -1, -7], isShown: true, "b");
        generation.Append(new SampledToken(0, -3, 1, null), [2, 9, 9], [-0.25f, -1, -7], isShown: true, "a");
        generation.Append(new SampledToken(1, -2, 1, null), [1, 9, 9], [-2f, -1, -7], isShown: false, "");
        var reader = generation.GetAsyncEnumerator(Cancellation);
        Assert.True(await reader.MoveNextAsync());

        var logprobs = Assert.IsType<TokensGenerated>(reader.Current).Logprobs!;

        Assert.Equal([("b", -0.5f), ("a", -3f)], logprobs.Select(logprob => (logprob.Text, logprob.Logprob)));
        Assert.Equal([(1, -0.5f), (2, -1f)], logprobs[0].Top.Select(top => (top.TokenId, top.Logprob)));
        Assert.Equal([(2, -0.25f)], logprobs[1].Top.Select(top => (top.TokenId, top.Logprob)));
        Assert.Equal("\uFFFD", logprobs[1].Top[0].Text);
        Assert.Equal([0xE2], logprobs[1].Top[0].Bytes);
    }

    private static Generation Create(int? topLogprobs = null) => new(new PieceTokenizer([[0x61], [0x62], [0xE2]]), topLogprobs);

    private static void Append(Generation generation, int token, string text) => generation.Append(new SampledToken(token, 0, 0, null), [], [], isShown: true, text);
}

using XLLM.Grains.Interfaces.Generation;
using XLLM.Silo.Sampling;

namespace XLLM.Silo.Tests.Sampling;

public sealed class SamplerTests
{
    private readonly int[] _topTokens = new int[Sampler.MostTopLogprobs];
    private readonly float[] _topLogprobs = new float[Sampler.MostTopLogprobs];

    [Fact]
    public void Greedy_TakesTheGreatest_AndTheLowestOfEquals()
    {
        var greedy = new SamplingParameters { Temperature = 0 };

        Assert.Equal(1, Draw(greedy, [1, 5, 5, 2]).Token);
        Assert.Equal(3, Draw(greedy with { LogitBias = new Dictionary<int, float> { [3] = 100 } }, [1, 5, 5, 2]).Token);
        Assert.Equal(1, Draw(greedy with { Temperature = 1e-6f }, [1, 5, 5, 2]).Token);
    }

    [Fact]
    public void Draws_FollowTheProbabilities()
    {
        float[] logits = [MathF.Log(1), MathF.Log(2), MathF.Log(5), float.NegativeInfinity, MathF.Log(2)];
        var counts = new int[5];
        for (var seed = 0; seed < 20_000; seed++)
        {
            counts[Draw(new SamplingParameters { Seed = seed }, logits).Token]++;
        }

        // 5 standard deviations; the seeds are fixed, so this passes always or never.
        Assert.InRange(counts[0], 2000 - 212, 2000 + 212);
        Assert.InRange(counts[1], 4000 - 283, 4000 + 283);
        Assert.InRange(counts[2], 10000 - 354, 10000 + 354);
        Assert.Equal(0, counts[3]);
        Assert.InRange(counts[4], 4000 - 283, 4000 + 283);
    }

    [Fact]
    public void Draws_FollowTheProbabilities_AcrossBlocksOfALargeVocabulary()
    {
        var logits = Enumerable.Repeat(-20f, 5000).ToArray();
        (logits[3], logits[2047], logits[4999]) = (0, 0, 0);
        var tokens = Enumerable.Range(0, 3000).Select(seed => Draw(new SamplingParameters { Seed = seed }, logits).Token).CountBy(token => token).ToDictionary();

        Assert.All([3, 2047, 4999], token => Assert.InRange(tokens[token], 1000 - 130, 1000 + 130));
        Assert.Equal(3000, tokens.Values.Sum());
    }

    [Theory]
    [InlineData(1f, 1, 1f, 0f)]
    [InlineData(1f, 0, 0.01f, 0f)]
    [InlineData(1f, 0, 1f, 1f)]
    public void TheStrictestTruncation_IsGreedy(float temperature, int topK, float topP, float minP)
    {
        var random = new Random(1);
        for (var seed = 0; seed < 100; seed++)
        {
            var logits = Enumerable.Range(0, 100).Select(_ => (float)random.NextDouble()).ToArray();
            logits[random.Next(100)] = 3;
            var parameters = new SamplingParameters { Temperature = temperature, TopK = topK, TopP = topP, MinP = minP, Seed = seed };

            Assert.Equal(Array.IndexOf(logits, 3f), Draw(parameters, logits).Token);
        }
    }

    [Fact]
    public void AReplayedSequence_DrawsTheSame()
    {
        var random = new Random(5);
        var rows = Enumerable.Range(0, 40).Select(_ => Enumerable.Range(0, 300).Select(_ => (float)(random.NextDouble() * 4)).ToArray()).ToArray();
        var parameters = new SamplingParameters { Temperature = 0.9f, RepetitionPenalty = 1.3f, PresencePenalty = 0.4f, FrequencyPenalty = 0.3f, TopP = 0.9f, Seed = 11 };
        int[] prompt = [1, 2, 3];
        var whole = Continue(State(parameters, prompt, []), rows);

        foreach (var cut in new[] { 1, 7, 39 })
        {
            Assert.Equal(whole[cut..], Continue(State(parameters, prompt, whole[..cut]), rows[cut..]));
        }
    }

    [Theory]
    [InlineData(float.NaN, "not a number, for token 2")]
    [InlineData(float.PositiveInfinity, "the greatest logit is")]
    public void BadLogits_AreAFault_ForAnySettings(float bad, string message)
    {
        foreach (var parameters in new[] { new SamplingParameters { Temperature = 0 }, new SamplingParameters { Temperature = 0, PresencePenalty = 1 }, new SamplingParameters { TopP = 0.5f } })
        {
            Assert.Contains(message, Draw(parameters, [0, 1, bad, 3]).Fault!, StringComparison.Ordinal);
        }

        Assert.Contains("no token can be drawn", Draw(new SamplingParameters(), [float.NegativeInfinity, float.NegativeInfinity]).Fault!, StringComparison.Ordinal);
        Assert.Contains("3 logits for a vocabulary of 2", new Sampler(2).Sample([1, 2, 3], State(new(), [], []), _topTokens, _topLogprobs).Fault!, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0f)]
    [InlineData(0.3f)]
    public void Logprobs_AreThoseAfterPenaltiesAndBias_BeforeTemperatureAndTruncation(float temperature)
    {
        float[] logits = [2, 1, 0, -1];
        var parameters = new SamplingParameters { Temperature = temperature, TopK = 1, LogitBias = new Dictionary<int, float> { [2] = 5 } };

        var drawn = Draw(parameters, logits, topLogprobs: 3);

        float[] biased = [2, 1, 5, -1];
        var normalizer = Math.Log(biased.Sum(logit => Math.Exp(logit)));
        Assert.Equal(2, drawn.Token);
        Assert.Equal(5 - normalizer, drawn.Logprob, 1e-5);
        Assert.Equal(3, drawn.TopCount);
        Assert.Equal([2, 0, 1], _topTokens[..3]);
        Assert.Equal(1 - normalizer, _topLogprobs[2], 1e-5);
    }

    [Fact]
    public void Logprobs_LeaveOutForbiddenTokens()
    {
        var settings = SamplingSettings.From(new SamplingParameters { Temperature = 0 }, new SamplingParameters(), 1, [0], minTokens: 1, topLogprobs: 5);
        var drawn = new Sampler(3).Sample([9, 1, 0], new SamplerState(settings, [], []), _topTokens, _topLogprobs);

        Assert.Equal((1, 2), (drawn.Token, drawn.TopCount));
        Assert.Equal([1, 2], _topTokens[..2]);
    }

    [Fact]
    public void From_FillsGapsByTheModelsDefaults_ThenByThoseOfTheContract()
    {
        var defaults = new SamplingParameters { Temperature = 0.6f, TopK = 20 };
        var settings = SamplingSettings.From(new SamplingParameters { TopK = -1, Seed = -3 }, defaults, 1, [], 0, null);

        Assert.Equal((0.6f, 0, 1f, 0f, 1f), (settings.Temperature, settings.TopK, settings.TopP, settings.MinP, settings.RepetitionPenalty));
        Assert.Equal(unchecked((ulong)-3L), settings.Seed);
        Assert.Equal(7ul, SamplingSettings.From(new SamplingParameters(), defaults, 7, [], 0, null).Seed);
    }

    private static SamplerState State(SamplingParameters parameters, int[] prompt, int[] generated, int? topLogprobs = null) =>
        new(SamplingSettings.From(parameters, new SamplingParameters(), 1, [], 0, topLogprobs), prompt, generated);

    private SampledToken Draw(SamplingParameters parameters, float[] logits, int? topLogprobs = null) =>
        new Sampler(logits.Length).Sample(logits, State(parameters, [], [], topLogprobs), _topTokens, _topLogprobs);

    private int[] Continue(SamplerState state, float[][] rows)
    {
        var sampler = new Sampler(rows[0].Length);
        return [.. rows.Select(row => sampler.Sample(row, state, _topTokens, _topLogprobs).Token)];
    }
}

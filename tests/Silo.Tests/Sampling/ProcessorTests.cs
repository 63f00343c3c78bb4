using XLLM.Grains.Interfaces.Generation;
using XLLM.Silo.Sampling;
using XLLM.Silo.Sampling.Processors;

namespace XLLM.Silo.Tests.Sampling;

public sealed class ProcessorTests
{
    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 10)];

    [Fact]
    public void LogitBias_Adds() => Assert.Equal([1, 12, 3], Apply(new LogitBias([new(1, 10)]), [1, 2, 3]));

    [Fact]
    public void Temperature_Divides_UpToAConstant() => Assert.Equal([-4, -2, 0], Apply(new Temperature(0.5f), [1, 2, 3]));

    [Fact]
    public void MinTokens_ForbidsEndTokens_UntilEnoughAreThere()
    {
        var processor = new MinTokens(2, [0, 2]);

        Assert.Equal([float.NegativeInfinity, 2, float.NegativeInfinity], Apply(processor, [1, 2, 3], generated: [1]));
        Assert.Equal([1, 2, 3], Apply(processor, [1, 2, 3], generated: [1, 1]));
    }

    [Fact]
    public void Penalties_RepetitionLooksAtPromptAndOutput_TheOthersAtTheOutputAlone()
    {
        var penalties = new Penalties(repetition: 2, presence: 0.5f, frequency: 0.25f);

        // Token 0: prompt. Token 1: generated twice. Token 2: never. Token 3: prompt, with a negative logit.
        Assert.Equal([2, 4 - 0.5f - 0.5f, 8, -4], Apply(penalties, [4, 8, 8, -2], prompt: [0, 3, 0], generated: [1, 1]));
    }

    [Fact]
    public void TopK_KeepsTheLowerIds_OfEquals() =>
        Assert.Equal([1, 3, 3, 2, float.NegativeInfinity, 3], Apply(new TopK(5), [1, 3, 3, 2, 1, 3]));

    [Fact]
    public void TopP_KeepsTheTokenThatPassesThePart()
    {
        // Probabilities 0.5, 0.25, 0.125, 0.125.
        float[] logits = [MathF.Log(4), MathF.Log(2), 0, 0];

        Assert.Equal(1, Kept(Apply(new TopP(0.5f), logits)));
        Assert.Equal(2, Kept(Apply(new TopP(0.51f), logits)));
        Assert.Equal(3, Kept(Apply(new TopP(0.8f), logits)));
        Assert.Equal(float.NegativeInfinity, Apply(new TopP(0.8f), logits)[3]);
    }

    [Fact]
    public void MinP_DropsWhatIsTooFarFromTheBest() =>
        Assert.Equal([0, MathF.Log(0.3f), float.NegativeInfinity], Apply(new MinP(0.25f), [0, MathF.Log(0.3f), MathF.Log(0.2f)]));

    [Theory]
    [MemberData(nameof(Seeds))]
    public void TopKAndTopP_KeepWhatSortingTheWholeRowWouldKeep(int seed)
    {
        var random = new Random(seed);
        for (var round = 0; round < 40; round++)
        {
            // Spread from nearly flat to very peaked; rounded, so that there are ties; some tokens are masked.
            var spread = Math.Pow(10, (random.NextDouble() * 4) - 2);
            var logits = Enumerable.Range(0, random.Next(2, 3000))
                .Select(_ => random.Next(20) == 0 ? float.NegativeInfinity : (float)Math.Round(random.NextDouble() * spread, 2)).ToArray();
            logits[random.Next(logits.Length)] = 0;
            var sorted = Enumerable.Range(0, logits.Length).OrderByDescending(token => logits[token]).ThenBy(token => token).ToArray();

            var count = random.Next(1, logits.Length + 5);
            var expected = sorted.Take(count).Where(token => float.IsFinite(logits[token])).Order();
            Assert.Equal(expected, Kept(Apply(new TopK(count), logits), logits));

            var part = (float)(0.01 + (random.NextDouble() * 0.98));
            var total = logits.Sum(logit => Math.Exp(logit - logits.Max()));
            var kept = Kept(Apply(new TopP(part), logits), logits);
            Assert.Equal(sorted.Take(kept.Length).Order(), kept);
            Assert.True(Mass(kept) >= part - 1e-5, $"{kept.Length} tokens have {Mass(kept)}, {part} was asked for");
            Assert.True(Mass(sorted.Take(kept.Length - 1)) < part + 1e-5, "one token less would have done");

            double Mass(IEnumerable<int> tokens) => tokens.Sum(token => Math.Exp(logits[token] - logits.Max())) / total;
        }
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Select_FindsTheGreatest_AndSortOrdersThem(int seed)
    {
        var random = new Random(seed);
        var logits = Enumerable.Range(0, 500).Select(_ => (float)random.Next(40)).ToArray();
        var (tokens, values) = (new int[20], new float[20]);

        TopTokens.Select(logits, tokens, values);
        TopTokens.Sort(tokens, values);

        Assert.Equal(Enumerable.Range(0, 500).OrderByDescending(token => logits[token]).ThenBy(token => token).Take(20), tokens);
        Assert.Equal(tokens.Select(token => logits[token]), values);
    }

    private static int Kept(float[] logits) => logits.Count(float.IsFinite);

    private static int[] Kept(float[] result, float[] before)
    {
        Assert.All(Enumerable.Range(0, result.Length), token => Assert.True(result[token] == before[token] || result[token] == float.NegativeInfinity));
        return [.. Enumerable.Range(0, result.Length).Where(token => float.IsFinite(result[token]))];
    }

    private static float[] Apply(ILogitsProcessor processor, float[] logits, int[]? prompt = null, int[]? generated = null)
    {
        var parameters = new SamplingParameters { RepetitionPenalty = 1.5f };       // so that tokens are counted
        var settings = SamplingSettings.From(parameters, new SamplingParameters(), 1, [], 0, null);
        var result = logits.ToArray();
        processor.Apply(result, new SamplerState(settings, prompt ?? [], generated ?? []), new SamplerScratch(logits.Length));
        return result;
    }
}

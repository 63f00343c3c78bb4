using XLLM.Grains.Interfaces.Generation;

namespace XLLM.Silo.Tests.Engine;

/// <summary>Requests of every kind for the tiny model, with prompts that share beginnings.</summary>
internal static class RandomRequests
{
    public static GenerationRequest Next(Random random, int number)
    {
        var family = random.Next(3);
        int[] prompt = [.. Enumerable.Range(0, random.Next(1, 60)).Select(i => ((family * 11) + (i * 7)) % 50)];
        if (random.Next(2) == 0)
        {
            prompt[random.Next(prompt.Length)] = random.Next(50);
        }

        var chance = () => random.Next(3) == 0;
        return new GenerationRequest
        {
            RequestId = $"r{number}",
            Model = "tiny",
            PromptTokens = prompt,
            Priority = random.Next(3),
            TopLogprobs = chance() ? random.Next(0, 6) : null,
            CacheSalt = random.Next(5) == 0 ? "salt" : null,
            Sampling = new SamplingParameters
            {
                Temperature = chance() ? 0 : (float)(0.5 + random.NextDouble()),
                TopK = chance() ? random.Next(1, 30) : null,
                TopP = chance() ? 0.9f : null,
                MinP = chance() ? 0.05f : null,
                RepetitionPenalty = chance() ? 1.2f : null,
                PresencePenalty = chance() ? 0.7f : null,
                FrequencyPenalty = chance() ? 0.3f : null,
                LogitBias = chance() ? new Dictionary<int, float> { [random.Next(50)] = 4, [random.Next(50)] = -4 } : null,
                Seed = random.Next(1000),
            },
            Stop = new StopParameters
            {
                MaxTokens = random.Next(1, 40),
                MinTokens = chance() ? random.Next(1, 10) : 0,
                Strings = chance() ? ["abc", "dd e", " a"] : [],
                TokenIds = chance() ? [random.Next(50)] : [],
                IgnoreEndToken = chance(),
                IncludeStopText = chance(),
            },
        };
    }

    /// <summary>The minimum of tokens is below the maximum in every request that comes in.</summary>
    public static GenerationRequest Valid(GenerationRequest request) =>
        request with { Stop = request.Stop with { MinTokens = Math.Min(request.Stop.MinTokens, request.Stop.MaxTokens!.Value) } };
}

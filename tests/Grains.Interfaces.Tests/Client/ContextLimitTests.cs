using CsCheck;
using XLLM.Grains.Interfaces.Catalog;
using XLLM.Grains.Interfaces.Client;

namespace XLLM.Grains.Interfaces.Tests.Client;

public sealed class ContextLimitTests
{
    [Fact]
    public void Check_RefusesExactlyWhatDoesNotFit() =>
        Gen.Int[1, 20].Select(Gen.Int[1, 20], Gen.Int[0, 20]).Sample((context, prompt, most) =>
        {
            var model = new ModelDescriptor { Name = "m", Architecture = "a", MaxContext = context, VocabularySize = 1, BlockTokens = 16 };
            int? maxTokens = most == 0 ? null : most;
            var fits = prompt + (maxTokens ?? 1) <= context;

            var exception = Record.Exception(() => ContextLimit.Check(model, prompt, maxTokens, "messages"));

            Assert.Equal(fits, exception is null);
            if (exception is RequestException refusal)
            {
                Assert.Equal((RequestErrors.ContextLengthExceeded, "messages"), (refusal.Code, refusal.Parameter));
                Assert.Contains($"maximum context length is {context} tokens", refusal.Message, StringComparison.Ordinal);
                Assert.Contains($"{prompt}", refusal.Message, StringComparison.Ordinal);
            }
        });

    [Fact]
    public void Check_SurvivesTheLargestNumbers()
    {
        var model = new ModelDescriptor { Name = "m", Architecture = "a", MaxContext = 8, VocabularySize = 1, BlockTokens = 16 };

        var exception = Assert.Throws<RequestException>(() => ContextLimit.Check(model, 5, int.MaxValue, "prompt"));

        Assert.Contains("you requested 2147483652 tokens (5 in the prompt, 2147483647 in the completion)", exception.Message, StringComparison.Ordinal);
    }
}

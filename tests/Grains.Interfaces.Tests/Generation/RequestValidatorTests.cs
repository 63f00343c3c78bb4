using XLLM.Grains.Interfaces.Chat;
using XLLM.Grains.Interfaces.Generation;

namespace XLLM.Grains.Interfaces.Tests.Generation;

public sealed class RequestValidatorTests
{
    private static readonly ChatRequest Good = new() { RequestId = "r", Model = "m", Messages = [ChatMessage.FromText("user", "hi")] };

    public static TheoryData<string, SamplingParameters> BadSampling => new()
    {
        { "temperature must be 0 to 2, it is -0.1", new() { Temperature = -0.1f } },
        { "temperature must be 0 to 2, it is NaN", new() { Temperature = float.NaN } },
        { "top_p must be over 0 and at most 1, it is 0", new() { TopP = 0 } },
        { "top_p must be over 0 and at most 1, it is 1.5", new() { TopP = 1.5f } },
        { "top_k must be at least -1, it is -2", new() { TopK = -2 } },
        { "min_p must be 0 to 1, it is 2", new() { MinP = 2 } },
        { "repetition_penalty must be over 0 and at most 2, it is 0", new() { RepetitionPenalty = 0 } },
        { "presence_penalty must be -2 to 2, it is 3", new() { PresencePenalty = 3 } },
        { "frequency_penalty must be -2 to 2, it is -3", new() { FrequencyPenalty = -3 } },
        { "logit_bias must be -100 to 100, it is 101", new() { LogitBias = new Dictionary<int, float> { [1] = 101 } } },
        { "logit_bias must name token ids of at least 0, it names -1", new() { LogitBias = new Dictionary<int, float> { [-1] = 1 } } },
    };

    public static TheoryData<string, StopParameters> BadStop => new()
    {
        { "max_tokens must be at least 1, it is 0", new() { MaxTokens = 0 } },
        { "min_tokens must be at least 0, it is -1", new() { MinTokens = -1 } },
        { "min_tokens must be at most max_tokens (3), it is 4", new() { MaxTokens = 3, MinTokens = 4 } },
        { "stop must not have an empty text", new() { Strings = ["a", ""] } },
        { "stop_token_ids must be at least 0", new() { TokenIds = [-5] } },
    };

    [Theory]
    [MemberData(nameof(BadSampling))]
    public void Check_NamesTheFieldAndBothNumbers(string expected, SamplingParameters sampling) => AssertFault(expected, Good with { Sampling = sampling });

    [Theory]
    [MemberData(nameof(BadStop))]
    public void Check_NamesTheFieldAndBothNumbers_OfStops(string expected, StopParameters stop) => AssertFault(expected, Good with { Stop = stop });

    [Fact]
    public void Check_TakesEveryEndOfEveryRange()
    {
        foreach (var sampling in (SamplingParameters[])[
            new(),
            new() { Temperature = 0, TopP = 1, TopK = -1, MinP = 0, RepetitionPenalty = 2, PresencePenalty = -2, FrequencyPenalty = 2, LogitBias = new Dictionary<int, float> { [0] = -100 } },
            new() { Temperature = 2, TopP = float.Epsilon, TopK = 0, MinP = 1, RepetitionPenalty = float.Epsilon, PresencePenalty = 2, FrequencyPenalty = -2 },
        ])
        {
            RequestValidator.Check(Good with { Sampling = sampling, TopLogprobs = 20, Stop = new StopParameters { MaxTokens = 1, MinTokens = 1 } });
        }
    }

    [Fact]
    public void Check_RefusesWhatIsMissing()
    {
        AssertFault("messages must have at least 1 message, it has 0", Good with { Messages = [] });
        AssertFault("model must not be empty", Good with { Model = "" });
        AssertFault("session_id must not be empty", Good with { SessionId = "" });
        AssertFault("tool_choice names no function", Good with { ToolChoice = ToolChoiceMode.Named });
        AssertFault("top_logprobs must be 0 to 20, it is 21", Good with { TopLogprobs = 21 });

        var completion = new CompletionRequest { RequestId = "r", Model = "m" };
        Assert.Throws<RequestException>(() => RequestValidator.Check(completion));
        Assert.Throws<RequestException>(() => RequestValidator.Check(completion with { Prompt = "a", PromptTokens = [1] }));
        Assert.Throws<RequestException>(() => RequestValidator.Check(completion with { PromptTokens = [] }));
        RequestValidator.Check(completion with { PromptTokens = [1] });
    }

    private static void AssertFault(string expected, ChatRequest request)
    {
        var exception = Assert.Throws<RequestException>(() => RequestValidator.Check(request));
        Assert.Equal((RequestErrors.InvalidValue, expected), (exception.Code, exception.Message));
    }
}

using XLLM.Grains.Interfaces.Chat;
using XLLM.Grains.Interfaces.Pooling;
using XLLM.Grains.Interfaces.Responses;

namespace XLLM.Grains.Interfaces.Generation;

/// <summary>The ranges that <see cref="SamplingParameters"/> and <see cref="StopParameters"/> document, as a check. Pure. Every request passes it before anything else happens.</summary>
public static class RequestValidator
{
    /// <summary>Checks a chat turn.</summary>
    /// <exception cref="RequestException">A value is outside its range; names the field and both numbers.</exception>
    public static void Check(ChatRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        Require(request.Messages.Count > 0, "messages", "messages must have at least 1 message, it has 0");
        Require(request.SessionId is not "", "session_id", "session_id must not be empty");
        Require(
            request.ToolChoice != ToolChoiceMode.Named || !string.IsNullOrEmpty(request.ToolChoiceName), "tool_choice", "tool_choice names no function");
        Check(request.Model, request.Sampling, request.Stop, request.TopLogprobs);
    }

    /// <summary>Checks a completion.</summary>
    /// <exception cref="RequestException">As above.</exception>
    public static void Check(CompletionRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        Require(
            request.Prompt is null != request.PromptTokens is null, "prompt", "prompt must be either text or token ids, exactly one of them");
        Require(request.PromptTokens is null or { Length: > 0 }, "prompt", "prompt must have at least 1 token, it has 0");
        Check(request.Model, request.Sampling, request.Stop, request.TopLogprobs);
    }

    /// <summary>Checks the input of an embedding.</summary>
    /// <exception cref="RequestException">As above.</exception>
    public static void Check(EmbeddingRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        Require(!string.IsNullOrEmpty(request.Model), "model", "model must not be empty");
        Require(request.Text is null != request.Tokens is null, "input", "input must be either text or token ids, exactly one of them");
        Require(request.Text is not "" && request.Tokens is null or { Length: > 0 }, "input", "input must not be empty");
        Require(request.Dimensions is null or >= 1, "dimensions", $"dimensions must be at least 1, it is {request.Dimensions}");
    }

    /// <summary>Checks a query and its document.</summary>
    /// <exception cref="RequestException">As above.</exception>
    public static void Check(RankRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        Require(!string.IsNullOrEmpty(request.Model), "model", "model must not be empty");
        Require(!string.IsNullOrEmpty(request.Query), "query", "query must not be empty");
        Require(!string.IsNullOrEmpty(request.Document), "documents", "a document must not be empty");
    }

    /// <summary>Checks what is asked of a stored answer.</summary>
    /// <exception cref="RequestException">As above.</exception>
    public static void Check(ResponseStart start)
    {
        ArgumentNullException.ThrowIfNull(start);
        Require(start.KeepFor > TimeSpan.Zero && start.KeepFor <= ResponseStart.LongestKept, "keep_for", $"a response must be kept for over zero and at most {ResponseStart.LongestKept.Days} days, not for {start.KeepFor}");
        Check(start.Request);
    }

    private static void Check(string model, SamplingParameters sampling, StopParameters stop, int? topLogprobs)
    {
        Require(!string.IsNullOrEmpty(model), "model", "model must not be empty");

        Range("temperature", sampling.Temperature, 0, 2);
        AboveZero("top_p", sampling.TopP, 1);
        Require(sampling.TopK is null or >= -1, "top_k", $"top_k must be at least -1, it is {sampling.TopK}");
        Range("min_p", sampling.MinP, 0, 1);
        AboveZero("repetition_penalty", sampling.RepetitionPenalty, 2);
        Range("presence_penalty", sampling.PresencePenalty, -2, 2);
        Range("frequency_penalty", sampling.FrequencyPenalty, -2, 2);
        foreach (var (token, bias) in sampling.LogitBias ?? new Dictionary<int, float>())
        {
            Require(token >= 0, "logit_bias", $"logit_bias must name token ids of at least 0, it names {token}");
            Range("logit_bias", bias, -100, 100);
        }

        Require(stop.MaxTokens is null or >= 1, "max_tokens", $"max_tokens must be at least 1, it is {stop.MaxTokens}");
        Require(stop.MinTokens >= 0, "min_tokens", $"min_tokens must be at least 0, it is {stop.MinTokens}");
        Require(
            stop.MaxTokens is not { } most || stop.MinTokens <= most, "min_tokens", $"min_tokens must be at most max_tokens ({stop.MaxTokens}), it is {stop.MinTokens}");
        Require(stop.Strings.All(text => !string.IsNullOrEmpty(text)), "stop", "stop must not have an empty text");
        Require(stop.TokenIds.All(token => token >= 0), "stop_token_ids", "stop_token_ids must be at least 0");
        Require(topLogprobs is null or (>= 0 and <= 20), "top_logprobs", $"top_logprobs must be 0 to 20, it is {topLogprobs}");
    }

    private static void Range(string name, float? value, float least, float most) =>
        Require(value is not { } number || (number >= least && number <= most), name, $"{name} must be {least} to {most}, it is {value}");

    private static void AboveZero(string name, float? value, float most) =>
        Require(value is not { } number || (number > 0 && number <= most), name, $"{name} must be over 0 and at most {most}, it is {value}");

    private static void Require(bool condition, string parameter, string message)
    {
        if (!condition)
        {
            throw new RequestException(RequestErrors.InvalidValue, message, parameter);
        }
    }
}

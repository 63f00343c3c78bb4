using XLLM.Grains.Interfaces;
using XLLM.Grains.Interfaces.Generation;
using XLLM.Silo.Sampling;

namespace XLLM.Silo.Engine;

/// <summary>What only the engine can check of a request: that its token ids are the model's. The ranges of numbers are checked where requests come in.</summary>
/// <remarks>A token outside the vocabulary would fail the whole step, other sequences included.</remarks>
internal static class RequestChecks
{
    /// <summary>Checks a request.</summary>
    /// <exception cref="RequestException">A value cannot be served; names the field and both numbers.</exception>
    public static void Check(GenerationRequest request, ServedModel model)
    {
        var vocabularySize = model.VocabularySize;
        Require(request.PromptTokens.Length > 0, "prompt", "a prompt needs at least 1 token, it has 0");
        foreach (var token in request.PromptTokens)
        {
            RequireToken("prompt", token, vocabularySize);
        }

        foreach (var token in request.GeneratedTokens)
        {
            RequireToken("generated_tokens", token, vocabularySize);
        }

        foreach (var token in request.Stop.TokenIds)
        {
            RequireToken("stop_token_ids", token, vocabularySize);
        }

        foreach (var token in request.Sampling.LogitBias?.Keys ?? [])
        {
            RequireToken("logit_bias", token, vocabularySize);
        }

        Require(request.Stop.Strings.All(text => text.Length > 0), "stop", "a stop string needs at least 1 character");
        Require(
            request.TopLogprobs is null or (>= 0 and <= Sampler.MostTopLogprobs),
            "top_logprobs",
            $"top_logprobs must be 0 to {Sampler.MostTopLogprobs}, it is {request.TopLogprobs}");
        if (request.Pooling is { } pooling)
        {
            CheckPooling(pooling, request, model);
        }
    }

    private static void CheckPooling(PoolingParameters pooling, GenerationRequest request, ServedModel model)
    {
        Require(request.GeneratedTokens.Length == 0, "generated_tokens", $"what has no tokens cannot go on after {request.GeneratedTokens.Length} of them");
        if (pooling.Kind == PoolingKind.Score)
        {
            Require(model.ScoreTokens is not null, "model", $"the model '{model.Name}' does not judge documents");
            return;
        }

        Require(model.EmbeddingSize > 0, "model", $"the model '{model.Name}' does not make embeddings");
        Require(
            pooling.Dimensions is null || (pooling.Dimensions >= 1 && pooling.Dimensions <= model.EmbeddingSize),
            "dimensions",
            $"dimensions must be 1 to {model.EmbeddingSize}, it is {pooling.Dimensions}");
    }

    private static void RequireToken(string parameter, int token, int vocabularySize)
    {
        if (token < 0 || token >= vocabularySize)
        {
            throw new RequestException(RequestErrors.InvalidValue, $"{parameter}: token {token} is not in the vocabulary of {vocabularySize} tokens", parameter);
        }
    }

    private static void Require(bool condition, string parameter, string message)
    {
        if (!condition)
        {
            throw new RequestException(RequestErrors.InvalidValue, message, parameter);
        }
    }
}

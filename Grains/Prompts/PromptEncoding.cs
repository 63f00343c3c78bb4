using XLLM.Grains.Interfaces;
using XLLM.Grains.Interfaces.Chat;
using XLLM.Grains.Interfaces.Pooling;
using XLLM.Grains.Interfaces.Prompts;
using XLLM.Grains.Interfaces.Routing;
using XLLM.Grains.Ports;

namespace XLLM.Grains.Prompts;

/// <summary>Messages or text to tokens and prefix hashes. Pure but for the model's own encoder.</summary>
internal static class PromptEncoding
{
    /// <summary>Renders and encodes a conversation.</summary>
    public static Prompt Render(IHostedModel model, ChatRequest request)
    {
        var rendered = model.Prompts.Render(request);
        return Create(model, rendered.TokenIds, request.CacheSalt, rendered.Pictures) with { ReasoningOpen = rendered.ReasoningOpen, ForcedText = rendered.ForcedText };
    }

    /// <summary>Encodes text, or checks token ids.</summary>
    /// <exception cref="RequestException">A token id that the model does not have; no tokens at all.</exception>
    public static Prompt Encode(IHostedModel model, CompletionRequest request)
    {
        var vocabulary = model.Descriptor.VocabularySize;
        var tokens = request.PromptTokens ?? model.Prompts.Encode(request.Prompt ?? "");
        foreach (var token in tokens)
        {
            if (token < 0 || token >= vocabulary)
            {
                throw new RequestException(RequestErrors.InvalidValue, $"prompt has token id {token}, but {model.Descriptor.Name} has ids 0 to {vocabulary - 1}", "prompt");
            }
        }

        return Create(model, tokens, request.CacheSalt);
    }

    /// <summary>Encodes a query and a document as the model judges them.</summary>
    /// <exception cref="RequestException">The model judges no documents.</exception>
    public static Prompt EncodePair(IHostedModel model, RankRequest request) => Create(model, model.Prompts.EncodePair(request), request.CacheSalt);

    private static Prompt Create(IHostedModel model, int[] tokens, string? cacheSalt, PromptPicture[]? pictures = null)
    {
        if (tokens.Length == 0)
        {
            throw new RequestException(RequestErrors.InvalidValue, "the prompt must have at least 1 token, it has 0", "prompt");
        }

        var root = PrefixHash.Root(model.Descriptor.Name, cacheSalt);
        return new Prompt(tokens, PrefixHash.Chain(root, tokens, model.Descriptor.BlockTokens, PictureMark.Of(pictures ?? [])), model.Descriptor, Pictures: pictures);
    }
}

using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;

namespace XLLM.Grains.Interfaces.Client;

/// <summary>The platform as an <see cref="IChatClient"/>: streams through grains, without HTTP.</summary>
/// <remarks>
/// <para><see cref="ChatOptions.ConversationId"/> names a durable conversation, new or known: pass only messages that are new; the platform keeps the rest.</para>
/// <para>Read from <see cref="ChatOptions.AdditionalProperties"/>: <c>min_p</c>, <c>repetition_penalty</c>, <c>logit_bias</c>, <c>min_tokens</c>, <c>stop_token_ids</c>,
/// <c>ignore_eos</c>, <c>include_stop_str_in_output</c>, <c>logprobs</c>, <c>top_logprobs</c>, <c>priority</c>, <c>cache_salt</c>, <c>chat_template_kwargs</c>,
/// <c>continue_final_message</c>; any other name is an error.</para>
/// <para>An update's <see cref="ChatResponseUpdate.AdditionalProperties"/> may have <c>logprobs</c> (<see cref="Generation.TokenLogprob"/>[]) and, on the last one, <c>stop_text</c>.</para>
/// </remarks>
public sealed class XllmChatClient : IChatClient
{
    private readonly IInferenceClient _inference;
    private readonly TimeProvider _clock;
    private readonly ChatClientMetadata _metadata;

    /// <summary>Creates one.</summary>
    /// <param name="inference">Answers.</param>
    /// <param name="defaultModel">Asked where <see cref="ChatOptions.ModelId"/> is not set. Null: the only model that is served, or, where none is, the only one that sleeps.</param>
    /// <param name="clock">Stamps the updates; null: the system's.</param>
    public XllmChatClient(IInferenceClient inference, string? defaultModel = null, TimeProvider? clock = null)
    {
        ArgumentNullException.ThrowIfNull(inference);
        _inference = inference;
        _clock = clock ?? TimeProvider.System;
        _metadata = new ChatClientMetadata("xllm", defaultModelId: defaultModel);
    }

    /// <inheritdoc/>
    /// <exception cref="RequestException">The request cannot be served, or failed.</exception>
    public Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
        GetStreamingResponseAsync(messages, options, cancellationToken).ToChatResponseAsync(cancellationToken);

    /// <inheritdoc/>
    /// <exception cref="RequestException">The request cannot be served, or failed.</exception>
    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(messages);
        var model = options?.ModelId ?? _metadata.DefaultModelId ?? await OnlyModelAsync();
        var request = ChatRequestMapping.Map(messages, options, model, $"chatcmpl-{Guid.NewGuid():n}");
        var mapping = new ChatUpdateMapping(request, _clock.GetUtcNow());
        await foreach (var next in _inference.ChatAsync(request, cancellationToken).WithCancellation(cancellationToken))
        {
            foreach (var update in mapping.Map(next))
            {
                yield return update;
            }
        }
    }

    /// <inheritdoc/>
    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        return serviceKey is not null ? null
            : serviceType == typeof(ChatClientMetadata) ? _metadata
            : serviceType.IsInstanceOfType(this) ? this
            : serviceType.IsInstanceOfType(_inference) ? _inference
            : null;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        // The inference client is the container's.
    }

    private async Task<string> OnlyModelAsync()
    {
        var models = await _inference.ListModelsAsync();
        return models switch
        {
            [var only] => only.Name,
            [] => await _inference.ListLoadableModelsAsync() is [var only] ? only : throw new RequestException(RequestErrors.Unavailable, "no model is served now"),
            _ => throw new RequestException(
                RequestErrors.InvalidValue, $"{models.Length} models are served, so the request must name one: {string.Join(", ", models.Select(served => served.Name))}", "model"),
        };
    }
}

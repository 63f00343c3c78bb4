using Microsoft.Extensions.Options;
using XLLM.Gateway.Diagnostics;
using XLLM.Gateway.Http;
using XLLM.Gateway.OpenAI.Requests;
using XLLM.Gateway.OpenAI.Responses;
using XLLM.Gateway.OpenAI.StoredResponses;
using XLLM.Gateway.Streaming;
using XLLM.Grains.Interfaces.Chat;
using XLLM.Grains.Interfaces.Client;

namespace XLLM.Gateway.OpenAI;

/// <summary><c>POST /v1/chat/completions</c>.</summary>
internal sealed class ChatCompletionsEndpoint(
    IInferenceClient client, IResponseClient stored, IOptions<GatewayOptions> options, TimeProvider clock, UnknownFields unknownFields)
{
    /// <summary>Answers a request.</summary>
    public async Task InvokeAsync(HttpContext context)
    {
        var left = context.RequestAborted;
        var trace = RequestTrace.Of(context);
        var (call, fingerprint) = await ReadAsync(context.Request, trace);
        var created = clock.GetUtcNow().ToUnixTimeSeconds();
        var turns = IdempotencyKeys.Of(context.Request) is { } key ? await RememberedTurns.StartAsync(stored, call, key, fingerprint, options.Value.KeepIdempotentFor) : null;
        (call, created) = (turns?.Call ?? call, turns?.Created ?? created);
        await using var choices = new ChoiceStreams<ChatEvent>(
            prompts: 1,
            call.Choices,
            (choice, cancel) => turns?.ReadAsync(choice, cancel) ?? client.ChatAsync(call.RequestOf(choice), cancel),
            next => next is not ChatStarted,
            call.Delivery.Stream ? options.Value.PingInterval : Timeout.InfiniteTimeSpan,
            clock,
            left);
        if (call.Delivery.Stream)
        {
            using var stream = new ServerSentEvents(context, options.Value.WriteTimeout, clock);
            var writer = new ChatChunkWriter(call, created, stream, trace);
            await AnswerLoop.StreamAsync(choices, writer, writer.Finish, stream, left);
        }
        else
        {
            var collector = new ChatCollector(call, created, trace);
            await AnswerLoop.CollectAsync(choices, collector, left);
            await AnswerJson.WriteAsync(context.Response, collector.Result(), OpenAIJsonContext.Answers.ChatCompletion, left);
        }
    }

    private async Task<(ChatCall Call, string Fingerprint)> ReadAsync(HttpRequest request, RequestTrace trace)
    {
        using var body = await JsonBody.ReadAsync(request, options.Value.MaxBodyBytes, request.HttpContext.RequestAborted);
        unknownFields.Note(body.RootElement, OpenAIJsonContext.Default.ChatCompletionBody, trace.RequestId);
        var parsed = RequestParser.Chat(body.RootElement, RequestIds.New("chatcmpl-"), options.Value);
        var call = parsed.Value ?? throw new ApiException(ErrorMapping.From(parsed.Faults));
        trace.Asked(call.Request.Model, call.Choices, call.Request.Stop.MaxTokens);
        return (call, IdempotencyKeys.Fingerprint(body.RootElement));
    }
}

using Microsoft.Extensions.Options;
using XLLM.Gateway.Diagnostics;
using XLLM.Gateway.Http;
using XLLM.Gateway.OpenAI.Requests;
using XLLM.Gateway.OpenAI.Responses;
using XLLM.Gateway.Streaming;
using XLLM.Grains.Interfaces.Client;

namespace XLLM.Gateway.OpenAI;

/// <summary><c>POST /v1/completions</c>.</summary>
internal sealed class CompletionsEndpoint(IInferenceClient client, IOptions<GatewayOptions> options, TimeProvider clock, UnknownFields unknownFields)
{
    /// <summary>Answers a request.</summary>
    public async Task InvokeAsync(HttpContext context)
    {
        var left = context.RequestAborted;
        var trace = RequestTrace.Of(context);
        var call = await ReadAsync(context.Request, trace);
        var created = clock.GetUtcNow().ToUnixTimeSeconds();
        await using var choices = new ChoiceStreams<CompletionEvent>(
            call.Prompts.Count,
            call.ChoicesPerPrompt,
            (choice, cancel) => client.CompleteAsync(call.RequestOf(choice), cancel),
            next => true,
            call.Delivery.Stream ? options.Value.PingInterval : Timeout.InfiniteTimeSpan,
            clock,
            left);
        if (call.Delivery.Stream)
        {
            using var stream = new ServerSentEvents(context, options.Value.WriteTimeout, clock);
            var writer = new CompletionChunkWriter(call, created, stream, trace);
            await AnswerLoop.StreamAsync(choices, writer, writer.Finish, stream, left);
        }
        else
        {
            var collector = new CompletionCollector(call, created, trace);
            await AnswerLoop.CollectAsync(choices, collector, left);
            await AnswerJson.WriteAsync(context.Response, collector.Result(), OpenAIJsonContext.Answers.Completion, left);
        }
    }

    private async Task<CompletionCall> ReadAsync(HttpRequest request, RequestTrace trace)
    {
        using var body = await JsonBody.ReadAsync(request, options.Value.MaxBodyBytes, request.HttpContext.RequestAborted);
        unknownFields.Note(body.RootElement, OpenAIJsonContext.Default.CompletionBody, trace.RequestId);
        var parsed = RequestParser.Completion(body.RootElement, RequestIds.New("cmpl-"), options.Value);
        var call = parsed.Value ?? throw new ApiException(ErrorMapping.From(parsed.Faults));
        trace.Asked(call.Prompts[0].Model, call.Choices, call.Prompts[0].Stop.MaxTokens);
        return call;
    }
}

using Microsoft.Extensions.Options;
using XLLM.Gateway.Diagnostics;
using XLLM.Gateway.Http;
using XLLM.Gateway.OpenAI.Requests;
using XLLM.Gateway.OpenAI.Wire;
using XLLM.Grains.Interfaces.Client;

namespace XLLM.Gateway.OpenAI;

/// <summary><c>POST /v1/rerank</c>.</summary>
internal sealed class RerankEndpoint(IInferenceClient client, IOptions<GatewayOptions> options, UnknownFields unknownFields)
{
    /// <summary>Answers a request.</summary>
    public async Task InvokeAsync(HttpContext context)
    {
        var trace = RequestTrace.Of(context);
        var call = await ReadAsync(context.Request, trace);
        var answers = await PooledInputs.RunAsync(
            call.Documents.Count, options.Value.MaxParallelInputs, firstAlone: true, (i, cancel) => client.RankAsync(call.Documents[i], cancel), context.RequestAborted);
        foreach (var answer in answers)
        {
            trace.Ended(answer.Usage, "stop");
        }

        await AnswerJson.WriteAsync(context.Response, RerankAnswer.From(call, answers), OpenAIJsonContext.Answers.RerankAnswer, context.RequestAborted);
    }

    private async Task<RerankCall> ReadAsync(HttpRequest request, RequestTrace trace)
    {
        using var body = await JsonBody.ReadAsync(request, options.Value.MaxBodyBytes, request.HttpContext.RequestAborted);
        unknownFields.Note(body.RootElement, OpenAIJsonContext.Default.RerankBody, trace.RequestId);
        var parsed = RerankParser.Parse(body.RootElement, RequestIds.New("rerank-"), options.Value);
        var call = parsed.Value ?? throw new ApiException(ErrorMapping.From(parsed.Faults));
        trace.Asked(call.Documents[0].Model, call.Documents.Count, null);
        return call;
    }
}

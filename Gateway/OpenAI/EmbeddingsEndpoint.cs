using Microsoft.Extensions.Options;
using XLLM.Gateway.Diagnostics;
using XLLM.Gateway.Http;
using XLLM.Gateway.OpenAI.Requests;
using XLLM.Gateway.OpenAI.Wire;
using XLLM.Grains.Interfaces.Client;

namespace XLLM.Gateway.OpenAI;

/// <summary><c>POST /v1/embeddings</c>.</summary>
internal sealed class EmbeddingsEndpoint(IInferenceClient client, IOptions<GatewayOptions> options, UnknownFields unknownFields)
{
    /// <summary>Answers a request.</summary>
    public async Task InvokeAsync(HttpContext context)
    {
        var trace = RequestTrace.Of(context);
        var call = await ReadAsync(context.Request, trace);
        var answers = await PooledInputs.RunAsync(
            call.Inputs.Count, options.Value.MaxParallelInputs, firstAlone: false, (i, cancel) => client.EmbedAsync(call.Inputs[i], cancel), context.RequestAborted);
        foreach (var answer in answers)
        {
            trace.Ended(answer.Usage, "stop");
        }

        await AnswerJson.WriteAsync(context.Response, EmbeddingList.From(call, answers), OpenAIJsonContext.Answers.EmbeddingList, context.RequestAborted);
    }

    private async Task<EmbeddingCall> ReadAsync(HttpRequest request, RequestTrace trace)
    {
        using var body = await JsonBody.ReadAsync(request, options.Value.MaxBodyBytes, request.HttpContext.RequestAborted);
        unknownFields.Note(body.RootElement, OpenAIJsonContext.Default.EmbeddingBody, trace.RequestId);
        var parsed = EmbeddingParser.Parse(body.RootElement, RequestIds.New("embd-"), options.Value);
        var call = parsed.Value ?? throw new ApiException(ErrorMapping.From(parsed.Faults));
        trace.Asked(call.Inputs[0].Model, call.Inputs.Count, null);
        return call;
    }
}

using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.Extensions.Options;
using XLLM.Gateway.Diagnostics;
using XLLM.Gateway.Http;
using XLLM.Gateway.OpenAI.Requests;
using XLLM.Gateway.OpenAI.Wire;
using XLLM.Grains.Interfaces.Client;
using XLLM.Grains.Interfaces.Generation;

namespace XLLM.Gateway.OpenAI;

/// <summary><c>POST /v1/embeddings</c> and <c>POST /v1/rerank</c>: many inputs, one answer. They run side by side, few enough that they leave room in the engine's queue for others.</summary>
internal sealed class PooledEndpoint(IInferenceClient client, IOptions<GatewayOptions> options, UnknownFields unknownFields)
{
    /// <summary>Makes embeddings.</summary>
    public async Task EmbedAsync(HttpContext context)
    {
        var call = await ReadAsync(context, OpenAIJsonContext.Default.EmbeddingBody, body => EmbeddingParser.Parse(body, RequestIds.New("embd-"), options.Value));
        RequestTrace.Of(context).Asked(call.Inputs[0].Model, call.Inputs.Count, null);
        var answers = await RunAsync(context, call.Inputs.Count, 0, (i, cancel) => client.EmbedAsync(call.Inputs[i], cancel), answer => answer.Usage);
        await AnswerJson.WriteAsync(context.Response, EmbeddingList.From(call, answers), OpenAIJsonContext.Answers.EmbeddingList, context.RequestAborted);
    }

    /// <summary>Ranks documents. The first runs before the others: they begin as it does, and find its KV blocks.</summary>
    public async Task RankAsync(HttpContext context)
    {
        var call = await ReadAsync(context, OpenAIJsonContext.Default.RerankBody, body => RerankParser.Parse(body, RequestIds.New("rerank-"), options.Value));
        RequestTrace.Of(context).Asked(call.Documents[0].Model, call.Documents.Count, null);
        var answers = await RunAsync(context, call.Documents.Count, 1, (i, cancel) => client.RankAsync(call.Documents[i], cancel), answer => answer.Usage);
        await AnswerJson.WriteAsync(context.Response, RerankAnswer.From(call, answers), OpenAIJsonContext.Answers.RerankAnswer, context.RequestAborted);
    }

    private async Task<T> ReadAsync<T>(HttpContext context, JsonTypeInfo shape, Func<JsonElement, Parsed<T>> parse)
        where T : class
    {
        using var body = await JsonBody.ReadAsync(context.Request, options.Value.MaxBodyBytes, context.RequestAborted);
        unknownFields.Note(body.RootElement, shape, RequestTrace.Of(context).RequestId);
        var parsed = parse(body.RootElement);
        return parsed.Value ?? throw new ApiException(ErrorMapping.From(parsed.Faults));
    }

    /// <summary>Runs the inputs; the first fault stops the rest.</summary>
    /// <param name="context">The request.</param>
    /// <param name="count">Inputs.</param>
    /// <param name="alone">As many of them run one after another, before the others.</param>
    /// <param name="run">Runs one of them.</param>
    /// <param name="usage">What it cost.</param>
    private async Task<T[]> RunAsync<T>(HttpContext context, int count, int alone, Func<int, CancellationToken, Task<T>> run, Func<T, Usage> usage)
    {
        var answers = new T[count];
        for (var i = 0; i < alone; i++)
        {
            answers[i] = await run(i, context.RequestAborted);
        }

        await Parallel.ForEachAsync(
            Enumerable.Range(alone, count - alone),
            new ParallelOptions { MaxDegreeOfParallelism = options.Value.MaxParallelInputs, CancellationToken = context.RequestAborted },
            async (i, cancel) => answers[i] = await run(i, cancel));
        foreach (var answer in answers)
        {
            RequestTrace.Of(context).Ended(usage(answer), "stop");
        }

        return answers;
    }
}

using System.ComponentModel;
using System.Text.Json.Serialization;
using XLLM.Gateway.OpenAI.Requests;
using XLLM.Grains.Interfaces.Pooling;

namespace XLLM.Gateway.OpenAI.Wire;

/// <summary>Answer of <c>POST /v1/rerank</c>: what clients of Jina and of Cohere read.</summary>
internal sealed record RerankAnswer
{
    public required string Id { get; init; }

    [Description("list")]
    public string Object { get; } = "list";

    public required string Model { get; init; }

    [Description("Best first; of equal scores the earlier document.")]
    public required RerankResult[] Results { get; init; }

    public required PooledUsage Usage { get; init; }

    /// <summary>The answer to a call.</summary>
    public static RerankAnswer From(RerankCall call, RankAnswer[] answers) => new()
    {
        Id = call.Documents[0].RequestId,
        Model = call.Documents[0].Model,
        Results =
        [
            .. answers
                .Select((answer, i) => new RerankResult
                {
                    Index = i,
                    RelevanceScore = answer.Score,
                    Document = call.ReturnDocuments ? new RerankDocument { Text = call.Documents[i].Document } : null,
                })
                .OrderByDescending(result => result.RelevanceScore)
                .ThenBy(result => result.Index)
                .Take(call.Top),
        ],
        Usage = PooledUsage.Of(answers.Select(answer => answer.Usage)),
    };
}

/// <summary>One document's score.</summary>
internal sealed record RerankResult
{
    [Description("Which document of the request, from 0.")]
    public required int Index { get; init; }

    [JsonPropertyName("relevance_score")]
    [Description("0 to 1.")]
    public required float RelevanceScore { get; init; }

    public RerankDocument? Document { get; init; }
}

/// <summary>A document.</summary>
internal sealed record RerankDocument
{
    public required string Text { get; init; }
}

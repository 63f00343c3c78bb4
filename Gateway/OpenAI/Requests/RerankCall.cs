using XLLM.Grains.Interfaces.Pooling;

namespace XLLM.Gateway.OpenAI.Requests;

/// <summary>A checked request to rank documents.</summary>
/// <param name="Documents">One request per document, in order; at least one.</param>
/// <param name="Top">Most results, best first.</param>
/// <param name="ReturnDocuments">Repeat each document's text beside its score.</param>
internal sealed record RerankCall(IReadOnlyList<RankRequest> Documents, int Top, bool ReturnDocuments);

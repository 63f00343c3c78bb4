namespace XLLM.Gateway.OpenAI.Requests;

/// <summary>How an answer is sent.</summary>
/// <param name="Stream">As server-sent events, while it is generated.</param>
/// <param name="IncludeUsage">A stream ends with a chunk that has the usage and no choices.</param>
/// <param name="ContinuousUsage">Every chunk of a stream has the usage so far.</param>
internal sealed record Delivery(bool Stream, bool IncludeUsage, bool ContinuousUsage);

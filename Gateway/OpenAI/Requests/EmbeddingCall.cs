using XLLM.Grains.Interfaces.Pooling;

namespace XLLM.Gateway.OpenAI.Requests;

/// <summary>A checked request for embeddings.</summary>
/// <param name="Inputs">One request per input, in order; at least one.</param>
/// <param name="Base64">Numbers as base64 of little-endian float32, in place of JSON numbers.</param>
internal sealed record EmbeddingCall(IReadOnlyList<EmbeddingRequest> Inputs, bool Base64);

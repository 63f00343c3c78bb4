using XLLM.Gateway.OpenAI.Wire;
using XLLM.Grains.Interfaces.Chat;

namespace XLLM.Gateway.OpenAI.Requests;

/// <summary>A checked request for a response.</summary>
/// <param name="Request">The turn; its messages are what is new.</param>
/// <param name="Echo">What the response hands back; says also whether it is stored and whether the caller waits.</param>
/// <param name="Stream">Send events while it is generated.</param>
internal sealed record ResponseCall(ChatRequest Request, ResponseEcho Echo, bool Stream);

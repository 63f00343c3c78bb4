using XLLM.Grains.Interfaces.Chat;
using XLLM.Grains.Interfaces.Responses;

namespace XLLM.Gateway.OpenAI.StoredResponses;

/// <summary>One step of a turn as its response's reader sees it.</summary>
/// <param name="Event">What the turn told; null in the last step of a turn that was cancelled or failed on its way.</param>
/// <param name="Stopped">The response, in that step.</param>
internal readonly record struct TurnStep(ChatEvent? Event, ResponseSnapshot? Stopped = null);

using XLLM.Grains.Interfaces.Generation;

namespace XLLM.Gateway.OpenAI.Responses;

/// <summary>Ends of generations in OpenAI's words.</summary>
internal static class FinishReasons
{
    /// <summary>The word for a good end.</summary>
    /// <exception cref="ApiException">It was no good end.</exception>
    public static string Of(EndReason reason, string? message, bool calledTools) => ErrorMapping.From(reason, message) is { } error
        ? throw new ApiException(error)
        : reason == EndReason.Length ? "length" : calledTools ? "tool_calls" : "stop";
}

using XLLM.Gateway.Diagnostics;
using XLLM.Grains.Interfaces.Chat;
using XLLM.Grains.Interfaces.Generation;

namespace XLLM.Gateway.OpenAI.StoredResponses;

/// <summary>What log and metrics learn of a turn's steps.</summary>
internal static class ResponseTrace
{
    /// <summary>Notes a step.</summary>
    public static void Note(RequestTrace trace, in TurnStep step)
    {
        switch (step.Event)
        {
            case ContentDelta or ReasoningDelta or ToolCallDelta:
                trace.Output(0);
                break;
            case ChatEnded ended:
                trace.Ended(ended.Usage, ended.Reason == EndReason.Length ? "length" : ended.CalledTools ? "tool_calls" : "stop");
                break;
        }
    }
}

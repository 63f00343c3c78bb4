using Orleans.Runtime;
using XLLM.Grains.Interfaces;
using XLLM.Grains.Interfaces.Chat;
using XLLM.Grains.Interfaces.Client;
using XLLM.Grains.Interfaces.Generation;
using XLLM.Grains.Interfaces.Responses;

namespace XLLM.Grains.Responses;

/// <summary>What the end of a turn means to the response that owns it. Pure.</summary>
/// <param name="Status">How the response stands.</param>
/// <param name="ErrorCode">Why it failed, or null.</param>
/// <param name="ErrorMessage">For people.</param>
internal readonly record struct TurnEnd(ResponseStatus Status, string? ErrorCode = null, string? ErrorMessage = null)
{
    /// <summary>Somebody ended it.</summary>
    public static TurnEnd Cancelled => new(ResponseStatus.Cancelled);

    /// <summary>Whether another try may bring another end: nobody could answer, which passes.</summary>
    public bool MayPass => ErrorCode is RequestErrors.Overloaded or RequestErrors.Unavailable;

    /// <summary>The turn told its last event.</summary>
    public static TurnEnd Of(ChatEnded ended) => ended.Reason switch
    {
        EndReason.Stop or EndReason.Length => new(ResponseStatus.Ended),
        EndReason.Overloaded => Failed(RequestErrors.Overloaded, ended.Message),
        EndReason.Unavailable or EndReason.Cancelled => Failed(RequestErrors.Unavailable, ended.Message),
        EndReason.TooLong => Failed(RequestErrors.ContextLengthExceeded, ended.Message),
        _ => Failed(RequestErrors.EngineFailed, ended.Message),
    };

    /// <summary>The turn was refused, or something broke.</summary>
    public static TurnEnd Of(Exception exception) => exception switch
    {
        RequestException refusal => Failed(refusal.Code, refusal.Message),
        _ when ReplicaLoss.Is(exception) || exception is OrleansException or ObjectDisposedException => Failed(RequestErrors.Unavailable, exception.Message),
        _ => Failed(RequestErrors.EngineFailed, exception.Message),
    };

    private static TurnEnd Failed(string code, string? message) => new(ResponseStatus.Failed, code, message ?? code);
}

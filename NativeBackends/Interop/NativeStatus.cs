using System.Runtime.InteropServices;
using XLLM.NativeBackends.Ops;

namespace XLLM.NativeBackends.Interop;

/// <summary>What a function of the C interface returns; <c>xllm_status</c> in <c>abi.h</c>.</summary>
internal enum NativeStatus
{
    /// <summary>Done.</summary>
    Ok = 0,

    /// <summary>Shapes, types or numbers disagree.</summary>
    InvalidArgument = 1,

    /// <summary>The device or the system has no more memory.</summary>
    OutOfMemory = 2,

    /// <summary>This machine or this build cannot do it.</summary>
    Unsupported = 3,

    /// <summary>A fault of the backend.</summary>
    Failed = 4,
}

/// <summary>Turns statuses into exceptions.</summary>
internal static unsafe class NativeStatuses
{
    /// <summary>Returns when all is well.</summary>
    /// <param name="status">Result of the last call on this thread.</param>
    /// <param name="subject">What the call was about, where the native side does not know its name.</param>
    /// <exception cref="OpException">It is not; the message is the native side's.</exception>
    public static void ThrowIfFailed(this NativeStatus status, string? subject = null)
    {
        if (status != NativeStatus.Ok)
        {
            var words = Marshal.PtrToStringUTF8((nint)NativeMethods.LastError());
            throw new OpException($"{words}{(subject is null ? "" : $" ({subject})")}{(status == NativeStatus.Failed ? "; the backend failed" : "")}");
        }
    }
}

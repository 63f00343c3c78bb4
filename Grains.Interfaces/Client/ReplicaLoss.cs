using System.Diagnostics.CodeAnalysis;
using Orleans.Runtime;
using Orleans.Runtime.Messaging;

namespace XLLM.Grains.Interfaces.Client;

/// <summary>Which failures of a grain call mean that its silo is gone or out of reach, so that another one may be asked.</summary>
/// <remarks>A generation changes nothing outside its replica, so running it twice is safe even after an ambiguous timeout.</remarks>
public static class ReplicaLoss
{
    /// <summary>Whether <paramref name="exception"/> is such a failure.</summary>
    public static bool Is([NotNullWhen(true)] Exception? exception) => exception
        is OrleansMessageRejectionException         // also SiloUnavailableException: the silo is dead, or refuses while it stops
        or EnumerationAbortedException              // the replica's activation went, or the reader paused for longer than a stream is kept
        or ConnectionFailedException
        or ClientNotAvailableException
        or TimeoutException;                        // an external client's sign of a dead silo, where it is not told (ISiloDeaths)

    /// <summary>Whether the same replica may be chosen again: the stream broke, but its silo may well live.</summary>
    public static bool MayReturn(Exception exception) => exception is EnumerationAbortedException;
}
